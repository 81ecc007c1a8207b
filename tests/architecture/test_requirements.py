"""Every requirement of the product's foundation has its row, and the row names what is there."""

from __future__ import annotations

import re

import pytest

from tests.architecture import documents as reading
from tests.architecture.documents import documents

PAGE = "docs/requirements.md"
FIRST_TO_LAST = (
    "A-01 A-29, A-32 A-32, A-37 A-37, B-14 B-17, B-23 B-27, B-39 B-43, I-05 I-08, I-21 I-21, "
    "J-01 J-03, J-07 J-07, J-13 J-15, J-17 J-17, J-19 J-20, J-22 J-23, J-25 J-25, L-01 L-05, L-09 L-10, L-17 L-17, "
    "M-01 M-08, M-17 M-17, M-28 M-29"
)
PROPERTIES = (3, 4, 8, 9, 10, 12, *range(24, 30), 70, 71)


def wanted() -> list[str]:
    """The ids of the rows."""
    found = []
    for first, last in (text.split() for text in FIRST_TO_LAST.split(", ")):
        found += [f"{first[0]}-{number:02}" for number in range(int(first[2:]), int(last[2:]) + 1)]
    return found


def row(key: str) -> list[str]:
    """The cells of a row."""
    lines = [line for line in documents()[PAGE].splitlines() if line.startswith(f"| {key} |")]
    assert len(lines) == 1, f"{key} has {len(lines)} rows"
    return [cell.strip() for cell in lines[0].strip("|").split(" | ")]


@pytest.mark.parametrize("key", wanted())
def test_every_row_names_code_and_test_or_what_is_left(key: str) -> None:
    _, what, code, test, *left = row(key)
    assert what
    assert code.startswith("`")
    assert test.startswith("`") or left


@pytest.mark.parametrize("number", PROPERTIES)
def test_every_property_names_a_test(number: int) -> None:
    test = row(str(number))[2]
    assert "::" in test
    if test.startswith("`tests/properties/"):
        assert re.search(rf"::test_property_{number}_", test)


def test_everything_named_is_there() -> None:
    assert list(reading.missing_paths(PAGE)) == []
