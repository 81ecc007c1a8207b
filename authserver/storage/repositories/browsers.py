"""Queries over browsers."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from authserver.storage.compiled import CompiledFind
from authserver.storage.models.sessions import Browser
from authserver.storage.repositories.rows import Repository

_BY_SSO = CompiledFind(Browser, Browser.sso_digest == bindparam("wanted"))


class Browsers(Repository):
    """Browsers, by the digests of their two cookies."""

    def add(self, browser: Browser) -> Browser:
        """Store a new browser."""
        self.session.add(browser)
        self.session.flush()
        return browser

    def find(self, browser_id: str) -> Browser | None:
        """The browser with this id."""
        return self.session.get(Browser, browser_id)

    def hold(self, browser_id: str) -> Browser | None:
        """The browser with this id as it is now; others who would hold it wait until the transaction ends."""
        statement = select(Browser).where(Browser.id == browser_id).with_for_update()
        return self.session.scalar(statement.execution_options(populate_existing=True))

    def find_by_sso(self, digest: bytes) -> Browser | None:
        """The browser whose single sign-on cookie has this digest, unless it expired; only to be looked at."""
        browser = _BY_SSO.first(self.transaction, wanted=digest)
        return None if browser is None or browser.is_expired else browser

    def find_by_page(self, digest: bytes) -> Browser | None:
        """The browser whose page cookie has this digest, unless it expired."""
        browser = self.session.scalar(select(Browser).where(Browser.page_digest == digest))
        return None if browser is None or browser.is_expired else browser
