"""Which characters of a text leave the server, and which reach its logs and terminals."""

from __future__ import annotations

from typing import Final

_ALLOWED: Final = {chr(code) for code in range(0x20, 0x7F)} - {'"', "\\"}


def printable(text: str) -> str:
    """`text` with only the characters RFC 6749 §5.2 allows in error_description."""
    return "".join(char if char in _ALLOWED else "'" if char == '"' else " " for char in text)


def visible(text: str) -> str:
    """`text` of somebody's making, without what a terminal would obey and a database refuse."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
