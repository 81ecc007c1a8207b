"""Keyed tags over values that travel through a browser or must be derived the same way twice."""

from __future__ import annotations

import hmac
from hashlib import blake2b

from authserver.crypto.derivation import decode, derived_key, encode

SID_BYTES = 16


class Macs:
    """Keyed BLAKE2b tags (RFC 7693 §2.9), each good for one purpose alone.

    Args:
        secret: the installation's application secret, at least 16 bytes.
    """

    def __init__(self, secret: bytes) -> None:
        # Copying a prepared hash costs a third of keying one.
        self._prepared = blake2b(key=derived_key(secret, "macs"), digest_size=32)

    def sign(self, purpose: str, *parts: str) -> str:
        """The tag over `parts`, 43 characters of base64url."""
        return encode(self._tag(purpose, parts))

    def verify(self, purpose: str, tag: str, *parts: str) -> bool:
        """Whether `tag` was made for this purpose over these parts, in constant time."""
        given = decode(tag)
        return given is not None and hmac.compare_digest(self._tag(purpose, parts), given)

    def sid(self, session_id: str, client_id: str) -> str:
        """The session id as one client sees it (OIDC Back-Channel Logout §2.1): stable, and useless for correlation."""
        return encode(self._tag("sid", (session_id, client_id))[:SID_BYTES])

    def _tag(self, purpose: str, parts: tuple[str, ...]) -> bytes:
        state = self._prepared.copy()
        for part in (purpose, *parts):
            # Preceded by its length, so that ("ab", "c") and ("a", "bc") have different tags.
            data = part.encode("utf-8", "surrogatepass")
            state.update(len(data).to_bytes(8, "big") + data)
        return state.digest()
