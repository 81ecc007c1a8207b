"""Codes that a person reads from one device and types into another (RFC 8628 §6.1)."""

from __future__ import annotations

import secrets
from typing import Final

ALPHABET: Final = "BCDFGHJKLMNPQRSTVWXZ"
"""Consonants alone: nothing that looks like a digit, and no words."""
LENGTH: Final = 8
HALF: Final = LENGTH // 2


def generate() -> str:
    """A fresh code: 34 bits, enough for minutes behind a limit on guesses."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def shown(code: str) -> str:
    """A code as people read it, in two halves."""
    return f"{code[:HALF]}-{code[HALF:]}"


def normalised(typed: str) -> str | None:
    """What was typed as a code of ours, whatever its case and what stands between its letters; None if it is none."""
    letters = "".join(char for char in typed.upper() if char.isalnum())
    return letters if len(letters) == LENGTH and set(letters) <= set(ALPHABET) else None
