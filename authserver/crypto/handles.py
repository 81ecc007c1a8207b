"""Opaque handles: codes, refresh tokens, opaque access tokens, interaction and browser secrets.

A handle is 256 random bits and a 64-bit keyed checksum. The checksum binds the
handle to its kind and lets garbage be refused without a query; it authenticates
nothing, the random part does. The database keeps a keyed digest alone, so that
a dump of it neither holds a usable handle nor lets anybody check a guess.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from enum import Enum
from hashlib import blake2b

from authserver.crypto.derivation import decode, derived_key, encode

RANDOM_BYTES = 32
CHECKSUM_BYTES = 8
VALUE_LENGTH = 54
"""Characters of every handle: base64url of 40 bytes."""


class Kind(Enum):
    """What a handle is good for. A value is at most 16 bytes, because BLAKE2b takes it as personalisation."""

    CODE = b"code"
    REFRESH_TOKEN = b"refresh_token"
    ACCESS_TOKEN = b"access_token"
    INTERACTION = b"interaction"
    BROWSER = b"browser"
    PUSHED_REQUEST = b"pushed_request"
    DEVICE_CODE = b"device_code"
    AUTH_REQUEST = b"auth_req_id"
    CSRF = b"csrf"
    LINK = b"link"
    LOGOUT = b"logout"
    POSTED_REQUEST = b"posted_request"
    REGISTRATION = b"registration"
    INITIAL_ACCESS = b"initial_access"


@dataclass(frozen=True, slots=True)
class Handle:
    """A fresh handle: the value goes out once, the digest is stored."""

    value: str
    digest: bytes

    def __repr__(self) -> str:
        return "Handle(…)"


class Handles:
    """Issues handles and finds their digests.

    Args:
        pepper: the installation's secret for digests, at least 16 bytes. With another pepper every handle is dead.
    """

    def __init__(self, pepper: bytes) -> None:
        checksum_key = derived_key(pepper, "handle-checksum")
        digest_key = derived_key(pepper, "handle-digest")
        # A prepared hash per kind: copying one costs a third of keying one.
        self._checksums = {
            kind: blake2b(key=checksum_key, digest_size=CHECKSUM_BYTES, person=kind.value) for kind in Kind
        }
        self._digests = {kind: blake2b(key=digest_key, digest_size=32, person=kind.value) for kind in Kind}

    def issue(self, kind: Kind) -> Handle:
        """A fresh handle of one kind."""
        random = secrets.token_bytes(RANDOM_BYTES)
        return Handle(encode(random + self._checksum(kind, random)), self._digest(kind, random))

    def digest(self, kind: Kind, value: str) -> bytes | None:
        """The digest to look for, or None: this server never issued `value` as that kind, so no query is needed."""
        if len(value) != VALUE_LENGTH:
            return None
        data = decode(value)
        if data is None:
            return None
        random, checksum = data[:RANDOM_BYTES], data[RANDOM_BYTES:]
        if not hmac.compare_digest(self._checksum(kind, random), checksum):
            return None
        return self._digest(kind, random)

    def _checksum(self, kind: Kind, random: bytes) -> bytes:
        state = self._checksums[kind].copy()
        state.update(random)
        return state.digest()

    def _digest(self, kind: Kind, random: bytes) -> bytes:
        state = self._digests[kind].copy()
        state.update(random)
        return state.digest()
