"""Client secrets: made here with high entropy, so a fast keyed digest is enough (slow hashes are for people)."""

from __future__ import annotations

import hmac
import secrets
from hashlib import blake2b

from authserver.crypto.derivation import derived_key

SECRET_BYTES = 32
DIGEST_BYTES = 32


class ClientSecrets:
    """Makes and checks client secrets.

    Args:
        pepper: the installation's secret for digests, at least 16 bytes.
    """

    def __init__(self, pepper: bytes) -> None:
        self._keyed = blake2b(
            key=derived_key(pepper, "client-secret"), digest_size=DIGEST_BYTES, person=b"client_secret"
        )

    def generate(self) -> str:
        """A fresh secret of 256 bits; every character may stand unescaped in a form or a Basic header."""
        return secrets.token_urlsafe(SECRET_BYTES)

    def digest(self, secret: str) -> bytes:
        """What is stored of a secret."""
        state = self._keyed.copy()
        state.update(secret.encode("utf-8", "surrogatepass"))
        return state.digest()

    def matches(self, secret: str, digest: bytes) -> bool:
        """Whether `secret` is the one behind `digest`, in constant time."""
        return hmac.compare_digest(self.digest(secret), digest)
