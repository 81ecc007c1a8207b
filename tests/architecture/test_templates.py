"""Templates hold no literal words and nothing inline or foreign; catalogues hold all their words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

from authserver.texts.languages import CATALOGUES as TRANSLATIONS
from authserver.texts.templates import top_level_folder

TEMPLATES = sorted(path for path in top_level_folder("templates").rglob("*") if path.suffix in {".html", ".txt"})
STATIC = sorted(path for path in top_level_folder("static").rglob("*") if path.is_file())
CATALOGUES = sorted(TRANSLATIONS.glob("*/LC_MESSAGES/messages.po"))
JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
SPOKEN = {"title", "alt", "placeholder", "aria-label", "aria-description", "aria-roledescription", "label", "summary"}
FOREIGN = re.compile(r"(?:https?:)?//[a-z0-9-]+\.[a-z]", re.IGNORECASE)
NAMESPACE = "http://www.w3.org/2000/svg"

MessageId = str | tuple[str, str]


class LiteralText(HTMLParser):
    """Collects words that a template says without gettext, and what it does inline."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at a tag's attributes."""
        names = {name: value or "" for name, value in attrs}
        self.words += [f"{name}={names[name]}" for name in SPOKEN & names.keys() if has_letters(names[name])]
        if tag == "input" and names.get("type") in {"submit", "button", "reset"}:
            self.words.append(f"value={names.get('value', '')}")
        self.inline += [name for name in names if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in names) or tag == "base":
            self.inline.append(tag)

    def handle_data(self, data: str) -> None:
        """Look at text."""
        if has_letters(data):
            self.words.append(data.strip())


def has_letters(text: str) -> bool:
    """Whether `text` says something."""
    return any(char.isalpha() for char in text)


def reading(source: str) -> LiteralText:
    """What a template holds once everything that Jinja fills in is taken away."""
    parser = LiteralText()
    parser.feed(JINJA.sub("", source))
    parser.close()
    return parser


def spoken() -> Iterator[tuple[MessageId, str]]:
    """Every message of every template, with the template's name."""
    options = {"extensions": "jinja2.ext.i18n", "trimmed": "true", "silent": "false"}
    for path in TEMPLATES:
        with path.open("rb") as source:
            for _, function, message, _ in babel_extract(source, ["_", "gettext", "ngettext"], [], options):
                yield ((message[0], message[1]) if function == "ngettext" else first(message)), path.name


def first(message: str | tuple[str | None, ...]) -> str:
    """The text of a message without a plural."""
    return message if isinstance(message, str) else str(message[0])


def catalogue(path: Path) -> Catalog:
    """A catalogue as it was written."""
    with path.open("rb") as source:
        return read_po(source, abort_invalid=True)


def entries(path: Path) -> dict[MessageId, Message]:
    """Its messages by their ids."""
    return {tuple(entry.id) if entry.pluralizable else entry.id: entry for entry in catalogue(path) if entry.id}


def name_of(path: Path) -> str:
    """A short name for a test's parameter."""
    return path.parent.parent.name if path.suffix == ".po" else path.name


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_templates_say_nothing_outside_gettext(path: Path) -> None:
    assert reading(path.read_text()).words == []


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_templates_have_no_inline_style_or_script(path: Path) -> None:
    assert reading(path.read_text()).inline == []


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_templates_never_switch_escaping_off(path: Path) -> None:
    assert not re.search(r"\|\s*safe|autoescape|Markup", path.read_text())


@pytest.mark.parametrize("path", [*TEMPLATES, *STATIC], ids=name_of)
def test_nothing_comes_from_a_third_party(path: Path) -> None:
    assert not FOREIGN.search(path.read_text().replace(NAMESPACE, ""))


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("<p>Hello</p>", True),
        ('<img alt="A photo">', True),
        ("<p>{{ _('Hello') }}</p>", False),
        ('<p class="lead">{# Hello #} – {{ name }}</p>', False),
    ],
)
def test_the_search_for_literal_text_finds_it(source: str, kept: bool) -> None:
    assert bool(reading(source).words) is kept


@pytest.mark.parametrize("source", ['<p style="color:red">', "<style>", "<script>1</script>", '<a onclick="x()">'])
def test_the_search_for_inline_code_finds_it(source: str) -> None:
    assert reading(source).inline


def test_english_and_german_are_kept() -> None:
    assert {"en", "de"} <= {name_of(path) for path in CATALOGUES}


@pytest.mark.parametrize("path", CATALOGUES, ids=name_of)
def test_catalogues_have_every_message_and_no_other(path: Path) -> None:
    said, written = {message for message, _ in spoken()}, set(entries(path))
    assert said - written == set(), "add these to the catalogue"
    assert written - said == set(), "no template says these any more"


@pytest.mark.parametrize("path", CATALOGUES, ids=name_of)
def test_no_entry_is_empty_fuzzy_or_obsolete(path: Path) -> None:
    for message_id, entry in entries(path).items():
        forms = entry.string if entry.pluralizable else (entry.string,)
        assert all(forms), message_id
        assert not entry.fuzzy, message_id
    assert not catalogue(path).obsolete


@pytest.mark.parametrize("path", CATALOGUES, ids=name_of)
def test_translations_fill_the_same_gaps_as_their_messages(path: Path) -> None:
    for message_id, entry in entries(path).items():
        source = message_id if isinstance(message_id, str) else message_id[1]
        for form in entry.string if entry.pluralizable else (entry.string,):
            assert sorted(set(re.findall(r"%\(\w+\)s", form))) == sorted(set(re.findall(r"%\(\w+\)s", source)))
            assert not re.search(r"%(?!\()", form), message_id


@pytest.mark.parametrize("path", CATALOGUES, ids=name_of)
def test_translations_bring_no_markup(path: Path) -> None:
    for entry in entries(path).values():
        assert not re.search(r"[<>]", str(entry.string))
