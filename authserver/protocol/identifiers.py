"""Identifiers of rows: UUID version 7 (RFC 9562 §5.7), sortable by time of creation."""

from __future__ import annotations

import os
import time


def new_id() -> str:
    """A fresh UUIDv7 in its 36-character text form.

    The twelve bits after the version count within the millisecond (RFC 9562 §6.2, method 3), so that what one
    thread makes sorts in the order in which it was made.
    """
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    fraction = (rest << 12) // 1_000_000
    value = (milliseconds & ((1 << 48) - 1)) << 80 | 0x7 << 76 | fraction << 64 | 0x2 << 62
    value |= int.from_bytes(os.urandom(8), "big") >> 2
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def looks_like_id(text: str) -> bool:
    """Whether `text` has the shape of an id, so that no client may choose one that collides with a user's."""
    return len(text) == 36 and [i for i, c in enumerate(text) if c == "-"] == [8, 13, 18, 23]
