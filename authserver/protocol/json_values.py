"""JSON that somebody else wrote and that is kept, compared or sent on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

DEEPEST: Final = 32
"""Levels of arrays and objects; parsers take more than some serializers and databases can write again."""


def can_be_kept(value: object, depth: int = DEEPEST) -> bool:
    """Whether every database and every serializer can hold a parsed value: not all of them take NUL, or any depth."""
    if isinstance(value, str):
        return "\0" not in value
    if not isinstance(value, Mapping | list):
        return True
    items = [*value.keys(), *value.values()] if isinstance(value, Mapping) else value
    return depth > 0 and all(can_be_kept(item, depth - 1) for item in items)
