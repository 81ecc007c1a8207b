"""Client secrets: made here with high entropy, so a fast keyed digest is enough (slow hashes are for people).

Where a secret is also a key, to check a MAC or to make one, a digest is of no
use: such a secret is kept sealed beside it.
"""

from __future__ import annotations

import hmac
import secrets
from hashlib import blake2b

from authserver.crypto.derivation import derived_key
from authserver.crypto.sealing import Sealer

SECRET_BYTES = 32
DIGEST_BYTES = 32


class ClientSecrets:
    """Makes and checks client secrets.

    Args:
        pepper: the installation's secret for digests, at least 16 bytes.
        sealer: seals the secrets that are keys.
    """

    def __init__(self, pepper: bytes, sealer: Sealer) -> None:
        self._sealer = sealer
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

    def seal(self, secret: str, client_id: str) -> bytes:
        """The copy of a secret that is a key."""
        return self._sealer.seal(secret.encode("utf-8"), sealing_context(client_id, self.digest(secret)))

    def open(self, sealed: bytes, client_id: str, digest: bytes) -> bytes:
        """The secret behind a sealed copy, as the bytes of a key (RFC 7515 §A.1, OIDC Core §10.1: its UTF-8).

        Raises:
            SealingError: the copy was changed or moved, or the sealing key is not here.
        """
        return self._sealer.open(sealed, sealing_context(client_id, digest))


def sealing_context(client_id: str, digest: bytes) -> str:
    """What a sealed secret is bound to: its client and the digest in its row."""
    return f"client-secret:{client_id}:{digest.hex()}"
