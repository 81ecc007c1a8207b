"""Sealed values: what must be read again but may not lie in a database in clear.

Envelope encryption: each value has a data key of its own, wrapped by the
installation's sealing key, whose version stands in the envelope. A new sealing
key takes over by `rewrap`, which touches the wrapped data key alone. The context
(what the value is and whose) is authenticated, so that an envelope moved to
another row or column does not open.

    0x01 | length of version | version | nonce | wrapped data key | nonce | ciphertext
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from authserver.crypto.derivation import hkdf_key

FORMAT = b"\x01"
KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
WRAPPED_BYTES = NONCE_BYTES + KEY_BYTES + TAG_BYTES


class SealingError(Exception):
    """A sealed value does not open: another key, another context, or it was changed."""


class Sealer:
    """Seals and opens values under versioned keys.

    Args:
        keys: AES-256 keys by version; versions are 1 to 255 bytes of text.
        active: the version that seals.

    Raises:
        ValueError: a key has not 32 bytes, or the active version is not among the keys.
    """

    def __init__(self, keys: Mapping[str, bytes], active: str) -> None:
        if active not in keys:
            raise ValueError("the active sealing key is not among the keys")
        if any(len(key) != KEY_BYTES for key in keys.values()):
            raise ValueError("a sealing key has 32 bytes")
        self._ciphers = {_header(version): AESGCM(key) for version, key in keys.items()}
        self._active = _header(active)

    @classmethod
    def of(cls, active: bytes, *older: bytes) -> Sealer:
        """A sealer whose versions are fingerprints of the keys, so that nobody has to number them."""
        return cls({key_version(key): key for key in (active, *older)}, key_version(active))

    def seal(self, plaintext: bytes, context: str) -> bytes:
        """`plaintext`, sealed for one context. Two calls never give the same bytes."""
        data_key = os.urandom(KEY_BYTES)
        nonce = os.urandom(NONCE_BYTES)
        body = AESGCM(data_key).encrypt(nonce, plaintext, context.encode())
        return self._active + self._wrap(data_key, context) + nonce + body

    def open(self, sealed: bytes, context: str) -> bytes:
        """What was sealed.

        Raises:
            SealingError: the value was changed, sealed for another context, or its key is not here.
        """
        _header_bytes, data_key, body = self._unwrap(sealed, context)
        return _decrypt(AESGCM(data_key), body, context.encode())

    def rewrap(self, sealed: bytes, context: str) -> bytes:
        """The same value under the active key; unchanged where it lies under it already.

        Raises:
            SealingError: as for `open`.
        """
        header, data_key, body = self._unwrap(sealed, context)
        if header == self._active:
            return sealed
        return self._active + self._wrap(data_key, context) + body

    def is_current(self, sealed: bytes) -> bool:
        """Whether a value lies under the active key."""
        return sealed.startswith(self._active)

    def _wrap(self, data_key: bytes, context: str) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._ciphers[self._active].encrypt(nonce, data_key, self._active + context.encode())

    def _unwrap(self, sealed: bytes, context: str) -> tuple[bytes, bytes, bytes]:
        if len(sealed) < 2 or sealed[:1] != FORMAT:
            raise SealingError("not a sealed value")
        end = 2 + sealed[1]
        header, wrapped, body = sealed[:end], sealed[end : end + WRAPPED_BYTES], sealed[end + WRAPPED_BYTES :]
        cipher = self._ciphers.get(header)
        if cipher is None:
            raise SealingError("sealed under a key that is not here")
        return header, _decrypt(cipher, wrapped, header + context.encode()), body


def key_version(key: bytes) -> str:
    """The version under which `Sealer.of` knows a key; tells nothing about it."""
    return hashlib.sha256(b"authserver:sealing-key-version:" + key).hexdigest()[:12]


def seal_under(secret: bytes, salt: bytes, info: bytes, plaintext: bytes) -> bytes:
    """`plaintext` sealed under a key that HKDF derives from `secret`.

    Only who presents the secret again can open it. A salt that is itself secret
    (the server's pepper) keeps a thief of the database, who may know the secret, out.
    """
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(hkdf_key(secret, salt, info)).encrypt(nonce, plaintext, info)


def open_under(secret: bytes, salt: bytes, info: bytes, sealed: bytes) -> bytes:
    """What `seal_under` sealed.

    Raises:
        SealingError: another secret, salt or info, or the value was changed.
    """
    return _decrypt(AESGCM(hkdf_key(secret, salt, info)), sealed, info)


def _header(version: str) -> bytes:
    data = version.encode()
    if not 1 <= len(data) <= 255:
        raise ValueError("the version of a sealing key has 1 to 255 bytes")
    return FORMAT + bytes([len(data)]) + data


def _decrypt(cipher: AESGCM, data: bytes, associated: bytes) -> bytes:
    try:
        return cipher.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], associated)
    except (InvalidTag, ValueError) as error:
        raise SealingError("a sealed value does not open") from error
