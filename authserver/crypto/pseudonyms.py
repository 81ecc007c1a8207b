"""Names for one person that differ from sector to sector, and that only this server can trace back.

Deterministic authenticated encryption (AES-SIV, RFC 5297): the same person has
the same name in a sector for ever, two sectors cannot compare theirs, a name
that somebody made up is recognised as such, and no table has to be kept. OpenID
Connect Core §8.1 describes it as one way to make pairwise identifiers.
"""

from __future__ import annotations

import os
import uuid

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from authserver.crypto.derivation import decode, encode

KEY_BYTES = 64


def new_key() -> bytes:
    """A fresh key of AES-256-SIV."""
    return os.urandom(KEY_BYTES)


class Pseudonyms:
    """Gives and traces names.

    Args:
        key: 64 bytes that never change, because every name would change with them.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a key for pseudonyms has {KEY_BYTES} bytes")
        self._cipher = AESSIV(key)

    def of(self, sector: str, user_id: str) -> str:
        """The name of a person in a sector: 43 characters of base64url."""
        return encode(self._cipher.encrypt(uuid.UUID(user_id).bytes, [sector.encode()]))

    def user_of(self, sector: str, name: str) -> str | None:
        """The id of the person who has this name in this sector; None for any other text."""
        sealed = decode(name)
        if sealed is None:
            return None
        try:
            return str(uuid.UUID(bytes=self._cipher.decrypt(sealed, [sector.encode()])))
        except (InvalidTag, ValueError):
            return None
