"""JSON that others wrote is kept where every database and serializer can hold it."""

from __future__ import annotations

from typing import Any

import pytest

from authserver.protocol.json_values import can_be_kept


def arrays(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def objects(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize("value", [None, True, 1, 1.5, "text", [], {}, {"a": ["b", {"c": None}]}])
def test_what_json_has_can_be_kept(value: object) -> None:
    assert can_be_kept(value)


@pytest.mark.parametrize("value", ["\0", "a\0b", ["\0"], {"a": "\0"}, {"\0": "a"}, {"a": [{"b\0": 1}]}])
def test_nul_cannot(value: object) -> None:
    assert not can_be_kept(value)


@pytest.mark.parametrize("build", [arrays, objects])
def test_more_than_32_levels_cannot(build: Any) -> None:
    assert can_be_kept(build(32))
    assert not can_be_kept(build(33))
