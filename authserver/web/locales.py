"""Which language a page speaks: the choice between those that `texts` knows."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from authserver.protocol.messages import Request
from authserver.texts.languages import CATALOGUES, Language, Languages

CHOICE_PARAMETER = "lang"
_MOST_RANGES = 20
_FOR_A_YEAR = 31536000


@dataclass(frozen=True, slots=True)
class Choice:
    """The language of an answer, and whether the person asked for it on this very page."""

    language: Language
    is_explicit: bool = False


class Locales:
    """The available languages and the choice between them."""

    def __init__(self, issuer: str, default: str = "en", folder: Path = CATALOGUES) -> None:
        self._known = Languages(default, folder)
        self.languages = self._known.known
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
        asked = self._known.first((query.get(CHOICE_PARAMETER, ""),))
        if asked is not None:
            return Choice(asked, is_explicit=True)
        proposed = (ui_locales or query.get("ui_locales", "")).split()[:_MOST_RANGES]
        accepted = accepted_languages(request.headers.get("accept-language", ""))
        wishes = (request.cookies.get(self.cookie_name, ""), *proposed, *accepted)
        return Choice(self._known.first(wishes) or self._known.default)

    def cookie(self, language: Language) -> tuple[str, str]:
        """The header that keeps `language` for a year in this browser."""
        flags = "; Secure" if self._secure else ""
        value = f"{self.cookie_name}={language.tag}; Path=/; Max-Age={_FOR_A_YEAR}; HttpOnly; SameSite=Lax{flags}"
        return ("Set-Cookie", value)


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
