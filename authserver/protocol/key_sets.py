"""Key sets that somebody registers by value (RFC 7517 §5): public keys and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from authserver.protocol import json_values
from authserver.protocol.errors import ValidationError

LARGEST_BYTES: Final = 65_536
"""Bytes of the largest set, the same as of one that is fetched."""

MOST_KEYS: Final = 50
PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
"""Members of a private or symmetric key (RFC 7518 §6)."""


def check_public(jwks: Mapping[str, Any]) -> None:
    """The set has the form of one, holds public keys, and is no larger than is read elsewhere.

    Raises:
        ValidationError: it cannot be accepted; `field` is `jwks`.
    """
    keys = jwks.get("keys")
    if not isinstance(keys, list) or not all(isinstance(key, dict) and "kty" in key for key in keys):
        raise _refused("jwks takes a JWK set with an array of keys (RFC 7517 §5)")
    if len(keys) > MOST_KEYS:
        raise _refused(f"at most {MOST_KEYS} keys may be registered")
    if any(PRIVATE_MEMBERS & set(key) for key in keys):
        raise _refused("jwks takes public keys; this set has a private or symmetric one")
    if not json_values.can_be_kept(jwks):
        raise _refused(f"jwks may be {json_values.DEEPEST} levels deep, and hold no NUL")
    if len(orjson.dumps(dict(jwks))) > LARGEST_BYTES:
        raise _refused(f"jwks takes at most {LARGEST_BYTES} bytes")


def _refused(why: str) -> ValidationError:
    return ValidationError(why, field="jwks")
