"""Keys derived from keys: one secret serves many purposes, none of which tells anything about another."""

from __future__ import annotations

import base64
import hmac

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32


def derived_key(secret: bytes, purpose: str) -> bytes:
    """A 32-byte key for one purpose, from a secret of high entropy and any length.

    Raises:
        ValueError: the secret is shorter than 16 bytes, so it cannot protect anything.
    """
    if len(secret) < 16:
        raise ValueError("a secret to derive keys from has at least 16 bytes")
    return hmac.digest(secret, b"authserver:" + purpose.encode(), "sha256")


def hkdf_key(secret: bytes, salt: bytes, info: bytes) -> bytes:
    """A 32-byte key by HKDF-SHA256 (RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt, info=info).derive(secret)


def encode(data: bytes) -> str:
    """base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes | None:
    """The bytes of canonical base64url without padding; None for anything else.

    Only one spelling of each value passes, so that nobody can present the same secret in two forms.
    """
    try:
        data = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except ValueError:
        return None
    return data if encode(data) == text else None
