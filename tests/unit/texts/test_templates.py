"""Environments: HTML escapes, plain text does not, and an unknown name is an error."""

from __future__ import annotations

import pytest
from jinja2 import Environment, UndefinedError

from authserver.texts.languages import Languages
from authserver.texts.templates import environment


@pytest.fixture
def english() -> Environment:
    return environment(Languages().default, {})


@pytest.mark.parametrize(("name", "escaped"), [("a.html", True), ("a.txt", False), ("a", True), (None, True)])
def test_all_but_plain_text_is_escaped(english: Environment, name: str | None, escaped: bool) -> None:
    assert callable(english.autoescape)
    assert english.autoescape(name) is escaped


def test_an_unknown_name_is_an_error(english: Environment) -> None:
    with pytest.raises(UndefinedError):
        english.from_string("{{ nothing }}").render()
