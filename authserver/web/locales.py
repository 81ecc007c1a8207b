"""Which language a page speaks, and its words.

Languages are the folders of `translations/`: adding a language is adding
`<language>/LC_MESSAGES/messages.po`. Catalogues are compiled in memory at
start, so what is served is always what was written.
"""

from __future__ import annotations

import gettext
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from authserver.protocol.messages import Request

CHOICE_PARAMETER = "lang"
_CATALOGUES = Path(__file__).parent / "translations"
_MOST_RANGES = 20
_FOR_A_YEAR = 31536000


@dataclass(frozen=True, slots=True)
class Language:
    """One language: its BCP 47 tag, direction, own name, formatting rules and words."""

    tag: str
    direction: str
    own_name: str
    locale: Locale
    words: gettext.NullTranslations


@dataclass(frozen=True, slots=True)
class Choice:
    """The language of an answer, and whether the person asked for it on this very page."""

    language: Language
    is_explicit: bool = False


class Locales:
    """The available languages and the choice between them."""

    def __init__(self, issuer: str, default: str = "en", folder: Path = _CATALOGUES) -> None:
        self.languages = {language.tag: language for language in _load(folder)}
        self._default = self.languages.get(default) or self.languages["en"]
        self._secure = issuer.startswith("https://")
        digest = hashlib.sha256(issuer.encode()).hexdigest()[:8]
        self.cookie_name = f"{'__Host-' if self._secure else ''}locale-{digest}"

    def choose(self, request: Request, ui_locales: str = "") -> Choice:
        """The language for an answer to `request`.

        What the person chose here comes first, on this page and then in the
        cookie; then what the application proposes (`ui_locales`, OIDC Core
        §3.1.2.1), the browser's languages, and the default.
        """
        query = _query(request)
        asked = self._first((query.get(CHOICE_PARAMETER, ""),))
        if asked is not None:
            return Choice(asked, is_explicit=True)
        proposed = (ui_locales or query.get("ui_locales", "")).split()[:_MOST_RANGES]
        accepted = accepted_languages(request.headers.get("accept-language", ""))
        wishes = (request.cookies.get(self.cookie_name, ""), *proposed, *accepted)
        return Choice(self._first(wishes) or self._default)

    def cookie(self, language: Language) -> tuple[str, str]:
        """The header that keeps `language` for a year in this browser."""
        flags = "; Secure" if self._secure else ""
        value = f"{self.cookie_name}={language.tag}; Path=/; Max-Age={_FOR_A_YEAR}; HttpOnly; SameSite=Lax{flags}"
        return ("Set-Cookie", value)

    def _first(self, wishes: Iterable[str]) -> Language | None:
        return next((found for wish in wishes if (found := self._lookup(wish))), None)

    def _lookup(self, wish: str) -> Language | None:
        """The language for one range, shortened from the end until one is there (RFC 4647 §3.4)."""
        known = {tag.lower(): language for tag, language in self.languages.items()}
        subtags = wish.strip().lower().replace("_", "-").split("-")[:8]
        while subtags:
            if found := known.get("-".join(subtags)):
                return found
            subtags.pop()
        return None


def accepted_languages(header: str) -> tuple[str, ...]:
    """The ranges of an Accept-Language header (RFC 9110 §12.5.4), most wanted first; refused ones left out."""
    weighted: list[tuple[float, int, str]] = []
    for part in header.split(",")[:_MOST_RANGES]:
        tag, _, parameter = part.partition(";")
        weight = _weight(parameter)
        if tag.strip() and weight > 0:
            weighted.append((-weight, len(weighted), tag.strip()))
    return tuple(tag for _, _, tag in sorted(weighted))


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def _query(request: Request) -> dict[str, str]:
    """The query as far as it can be read: a page about a malformed request needs a language too."""
    try:
        return {name: request.query.get(name) or "" for name in (CHOICE_PARAMETER, "ui_locales")}
    except ValueError:
        return {}


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
