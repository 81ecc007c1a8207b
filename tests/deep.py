"""Values that are deeper than anything that people mean."""

from __future__ import annotations

from typing import Any


def nested(levels: int) -> list[Any]:
    """An array in an array in an array, `levels` of them."""
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [value]
    return value
