"""JSON Web Tokens without a key of this server: with a MAC under a client's secret, or with nothing at all.

Both are for ID tokens of clients that registered them (OIDC Core §2, §10.1).
Nothing else accepts them: whatever this server verifies names other algorithms.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

import orjson

from authserver.protocol.algorithms import HS256, NONE
from authserver.tokens import jose


def with_mac(claims: Mapping[str, Any], secret: bytes, typ: str) -> str:
    """A token that whoever knows `secret` could have made (RFC 7515 §A.1)."""
    signing_input = _signing_input(claims, HS256, typ)
    return f"{signing_input}.{jose.encode_segment(hmac.digest(secret, signing_input.encode('ascii'), 'sha256'))}"


def unsecured(claims: Mapping[str, Any], typ: str) -> str:
    """A token that proves nothing by itself (RFC 7519 §6): the connection that brought it has to."""
    return f"{_signing_input(claims, NONE, typ)}."


def _signing_input(claims: Mapping[str, Any], alg: str, typ: str) -> str:
    header = jose.encode_segment(orjson.dumps({"alg": alg, "typ": typ}))
    return f"{header}.{jose.encode_segment(orjson.dumps(claims))}"
