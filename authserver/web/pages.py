"""Renders a page value into an answer, without a web framework.

One Jinja environment per language, made once and never changed: rendering
has no state, so threads share them. Escaping is always on and an unknown
name in a template is an error.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

from babel.dates import format_timedelta
from jinja2 import Environment
from markupsafe import Markup

from authserver.protocol import validity
from authserver.protocol.messages import NO_STORE, Request, Response
from authserver.texts.languages import Language
from authserver.texts.templates import environment, exact_time
from authserver.web.addresses import can_be_linked, image_source
from authserver.web.assets import Assets
from authserver.web.locales import CHOICE_PARAMETER, Locales
from authserver.web.page_values import Page


class PageSettings(Protocol):
    """The settings that pages read."""

    @property
    def issuer(self) -> str:
        """The issuer identifier."""

    @property
    def environment(self) -> str:
        """Where the server runs; "development" also allows logos from http on loopback."""

    @property
    def default_locale(self) -> str:
        """The language when nobody wishes for one that we have."""


class Pages:
    """The renderer: `Pages(settings).render(LoginPage(...), request)`."""

    def __init__(self, settings: PageSettings, assets: Assets | None = None, locales: Locales | None = None) -> None:
        self.assets = assets or Assets()
        self.locales = locales or Locales(settings.issuer, settings.default_locale)
        self._issuer = settings.issuer
        self._is_development = settings.environment == "development"
        self._environments = {tag: self._environment(known) for tag, known in self.locales.languages.items()}

    def render(
        self,
        page: Page,
        request: Request,
        *,
        status: int = 200,
        headers: tuple[tuple[str, str], ...] = (),
        ui_locales: str = "",
    ) -> Response:
        """`page` as an answer to `request`, never stored by caches.

        Args:
            page: the values of one page.
            request: decides the language; nothing else of it is shown.
            status: of the answer.
            headers: further headers, `Set-Cookie` or `Retry-After` for example.
            ui_locales: the application's proposal kept with the interaction; by default the request's own.
        """
        choice = self.locales.choose(request, ui_locales)
        language = choice.language
        text = (
            self._environments[language.tag]
            .get_template(page.template)
            .render(page=page, languages=self._language_links(page, request, language), now=validity.now())
        )
        own = [
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Language", language.tag),
            ("Content-Security-Policy", self.content_security_policy(page)),
            *NO_STORE,
        ]
        if choice.is_explicit:
            own.append(self.locales.cookie(language))
        return Response(status, (*own, *headers), text.encode("utf-8"))

    def content_security_policy(self, page: Page) -> str:
        """The policy for one page: only what it shows, nothing inline.

        There is no form-action: browsers apply it to the redirect that
        follows a form, and would stop the way back to the application.
        """
        images = " ".join(["'self'", *(source for uri in page.image_sources() if (source := self.image_source(uri)))])
        directives = {"default-src": "'none'", "style-src": "'self'", "img-src": images}
        if page.scripts:
            directives["script-src"] = "'self'"
        directives |= page.content_sources()
        directives |= {"base-uri": "'none'", "frame-ancestors": "'none'"}
        return "; ".join(f"{name} {value}" for name, value in directives.items())

    def image_source(self, uri: str) -> str:
        """`uri`'s origin if its image may be shown here, else empty."""
        return image_source(uri, local_http=self._is_development)

    def _environment(self, language: Language) -> Environment:
        return environment(
            language,
            {
                "issuer": self._issuer,
                "issuer_host": urlsplit(self._issuer).netloc,
                "static_url": self.assets.url,
                "can_be_linked": can_be_linked,
                "can_be_shown": lambda uri: bool(self.image_source(uri)),
                "waiting_time": lambda seconds: waiting_time(seconds, language),
                "time_ago": lambda moment: time_ago(moment, language),
            },
            auto_reload=self._is_development,
        )

    def _language_links(self, page: Page, request: Request, current: Language) -> list[dict[str, Any]]:
        """The other languages as links to this page, where a GET shows it again."""
        if page.shown_once or (request.method not in {"GET", "HEAD"} and not page.readable_again):
            return []
        try:
            kept = [(name, value) for name, value in request.query.pairs if name != CHOICE_PARAMETER]
        except ValueError:
            return []
        return [
            {
                "language": known,
                "is_current": known is current,
                "href": "?" + urlencode([*kept, (CHOICE_PARAMETER, known.tag)]),
            }
            for known in self.locales.languages.values()
        ]


def waiting_time(seconds: int, language: Language) -> Markup:
    """When to try again, as people say it ("in 5 minutes"), rounded up, with the exact moment as its title.

    Args:
        seconds: from now; at least 1 is said.
        language: whose words to use.
    """
    seconds = max(1, seconds)
    until = validity.after(seconds)
    rounded = seconds if seconds < 60 else -(-seconds // 60) * 60
    words = format_timedelta(
        timedelta(seconds=rounded),
        granularity="second" if rounded < 60 else "minute",
        threshold=2,
        add_direction=True,
        locale=language.locale,
    )
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        until.isoformat(timespec="seconds"), exact_time(until, language), words
    )


def time_ago(moment: datetime, language: Language) -> Markup:
    """When something happened, as people say it ("3 minutes ago"), with the exact moment as its title."""
    words = format_timedelta(
        min(moment - validity.now(), timedelta(seconds=-1)), add_direction=True, locale=language.locale
    )
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        moment.isoformat(timespec="seconds"), exact_time(moment, language), words
    )
