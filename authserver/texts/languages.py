"""The languages of the product and their words.

Languages are the folders of `translations/`: adding a language is adding
`<language>/LC_MESSAGES/messages.po`. Catalogues are compiled in memory at
start, so what is served is always what was written.
"""

from __future__ import annotations

import gettext
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

CATALOGUES: Final = Path(__file__).parent / "translations"


@dataclass(frozen=True, slots=True)
class Language:
    """One language: its BCP 47 tag, direction, own name, formatting rules and words."""

    tag: str
    direction: str
    own_name: str
    locale: Locale
    words: gettext.NullTranslations


class Languages:
    """The available languages, by tag, and the one for those who wish for none of them."""

    def __init__(self, default: str = "en", folder: Path = CATALOGUES) -> None:
        self.known = {language.tag: language for language in _load(folder)}
        self.default = self.known.get(default) or self.known["en"]

    def first(self, wishes: Iterable[str]) -> Language | None:
        """The language for the first of these ranges for which there is one."""
        return next((found for wish in wishes if (found := self._lookup(wish))), None)

    def _lookup(self, wish: str) -> Language | None:
        """The language for one range, shortened from the end until one is there (RFC 4647 §3.4)."""
        known = {tag.lower(): language for tag, language in self.known.items()}
        subtags = wish.strip().lower().replace("_", "-").split("-")[:8]
        while subtags:
            if found := known.get("-".join(subtags)):
                return found
            subtags.pop()
        return None


@cache
def _load(folder: Path) -> tuple[Language, ...]:
    """Every language, read once: they never change, and workers share what was read before they were forked."""
    return tuple(_languages(folder))


def _languages(folder: Path) -> Iterator[Language]:
    for path in sorted(folder.glob("*/LC_MESSAGES/messages.po")):
        locale = Locale.parse(path.parent.parent.name)
        yield Language(
            tag=str(locale).replace("_", "-"),
            direction=locale.text_direction,
            own_name=(locale.get_display_name(locale) or str(locale)).capitalize(),
            locale=locale,
            words=_compile(path),
        )


def _compile(path: Path) -> gettext.NullTranslations:
    with path.open("rb") as source:
        catalogue = read_po(source, abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
