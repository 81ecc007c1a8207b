"""Keyed tags over values that travel through a browser or must be derived the same way twice."""

from __future__ import annotations

import hmac

from authserver.crypto.derivation import decode, derived_key, encode

SID_BYTES = 16


class Macs:
    """HMAC-SHA256 tags, each good for one purpose alone.

    Args:
        secret: the installation's application secret, at least 16 bytes.
    """

    def __init__(self, secret: bytes) -> None:
        self._key = derived_key(secret, "macs")

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
        # Each part is preceded by its length, so that ("ab", "c") and ("a", "bc") have different tags.
        message = b"".join(
            len(data).to_bytes(8, "big") + data
            for data in (part.encode("utf-8", "surrogatepass") for part in (purpose, *parts))
        )
        return hmac.digest(self._key, message, "sha256")
