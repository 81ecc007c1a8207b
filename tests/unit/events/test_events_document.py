"""docs/events.md lists every event with its fields, and nothing else."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from authserver.events import catalog
from authserver.events.event import Event, field_names

DOCUMENT = (Path(__file__).parents[3] / "docs" / "events.md").read_text()
SECTIONS = {
    match[1]: match[2] for match in re.finditer(r"^### `(\w+)`\n(.*?)(?=^##|\Z)", DOCUMENT, re.MULTILINE | re.DOTALL)
}
COMMON = {field.name for field in fields(Event)}


def test_every_event_is_documented_and_every_documented_event_exists() -> None:
    assert sorted(SECTIONS) == sorted(catalog.TYPES)


@pytest.mark.parametrize("name", sorted(catalog.TYPES))
def test_the_fields_of_an_event_are_documented(name: str) -> None:
    own = {field.name for field in fields(catalog.TYPES[name])} - COMMON
    assert set(re.findall(r"^\* `(\w+)`", SECTIONS[name], re.MULTILINE)) == own


@pytest.mark.parametrize("name", sorted(catalog.TYPES))
def test_personal_fields_are_marked(name: str) -> None:
    marked = set(re.findall(r"^\* `(\w+)` \(personal", SECTIONS[name], re.MULTILINE))
    assert marked == set(field_names(catalog.TYPES[name])[1])


def test_the_common_fields_are_documented() -> None:
    table = DOCUMENT.split("## Fields of every event")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == COMMON


def test_names_without_a_producer_are_documented() -> None:
    section = DOCUMENT.split("## Names without a producer")[1].split("\n## ")[0]
    assert set(re.findall(r"`(\w+)`", section)) == {kind.__name__ for kind in catalog.VOCABULARY}
