"""Browsers: two cookies that name one row.

The single sign-on cookie is read by the authorization endpoint and logout
alone and travels across sites; the page cookie is derived from it, never
travels across sites, and is what pages and forms require.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from authserver.crypto.handles import Handles, Kind
from authserver.crypto.macs import Macs
from authserver.protocol import validity
from authserver.storage.models.sessions import Browser
from authserver.storage.unit import Unit

PAGE_COOKIE_PURPOSE = "page-cookie"


@dataclass(frozen=True, slots=True)
class BrowserSecrets:
    """The values of the two cookies."""

    sso: str
    page: str


class BrowserRegistry:
    """Makes, finds and re-keys browsers. `ttl` is seconds without use."""

    def __init__(self, handles: Handles, macs: Macs, ttl: int) -> None:
        self._handles = handles
        self._macs = macs
        self._ttl = ttl

    def page_secret(self, sso: str) -> str:
        """The page cookie's value for a single sign-on cookie's value."""
        return self._macs.sign(PAGE_COOKIE_PURPOSE, sso)

    def create(self, unit: Unit) -> tuple[Browser, BrowserSecrets]:
        """A browser seen for the first time."""
        secrets, sso_digest = self._fresh()
        browser = Browser(
            sso_digest=sso_digest, page_digest=_page_digest(secrets.page), expires_at=validity.after(self._ttl)
        )
        return unit.browsers.add(browser), secrets

    def rotate(self, browser: Browser) -> BrowserSecrets:
        """New cookie values for a browser whose authentication rose: what was known before is worth nothing."""
        secrets, sso_digest = self._fresh()
        browser.sso_digest, browser.page_digest = sso_digest, _page_digest(secrets.page)
        browser.expires_at, browser.last_seen_at = validity.after(self._ttl), validity.now()
        return secrets

    def _fresh(self) -> tuple[BrowserSecrets, bytes]:
        handle = self._handles.issue(Kind.BROWSER)
        return BrowserSecrets(handle.value, self.page_secret(handle.value)), handle.digest

    def find_by_sso(self, unit: Unit, value: str | None) -> Browser | None:
        """The browser that presents this single sign-on cookie."""
        digest = self._handles.digest(Kind.BROWSER, value) if value else None
        return unit.browsers.find_by_sso(digest) if digest is not None else None

    def find_by_page(self, unit: Unit, value: str | None) -> Browser | None:
        """The browser that presents this page cookie."""
        return unit.browsers.find_by_page(_page_digest(value)) if value else None


def _page_digest(value: str) -> bytes:
    return hashlib.sha256(value.encode()).digest()
