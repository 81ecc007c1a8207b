"""Cookies: their names, flags and lifetimes.

Names carry a short digest of the issuer, because cookies ignore ports. Over
https the single sign-on cookie is `SameSite=None`, so that silent requests
from other sites' frames see the session; so is the one by which the frame of session
management sees a change, which alone is open to scripts. Every other one is `Lax`.
"""

from __future__ import annotations

import hashlib
import secrets as random

from authserver.identity.browsers import BrowserSecrets
from authserver.protocol.messages import Request

Header = tuple[str, str]

STATE_BYTES = 16


class Cookies:
    """Reads and writes the cookies of one issuer."""

    def __init__(self, issuer: str) -> None:
        self._secure = issuer.startswith("https:")
        prefix = "__Host-" if self._secure else ""
        digest = hashlib.sha256(issuer.encode()).hexdigest()[:8]
        self.sso_name = f"{prefix}sso-{digest}"
        self.page_name = f"{prefix}page-{digest}"
        self.state_name = f"{prefix}state-{digest}"
        self.posted_name = f"{prefix}posted-{digest}"
        self.playground_name = f"{prefix}playground-{digest}"

    def sso(self, request: Request) -> str | None:
        """The single sign-on cookie's value."""
        return request.cookies.get(self.sso_name)

    def page(self, request: Request) -> str | None:
        """The page cookie's value."""
        return request.cookies.get(self.page_name)

    def browser_state(self, request: Request) -> str | None:
        """The value that changes whenever somebody signs in or out (OIDC Session Management §3.2)."""
        return request.cookies.get(self.state_name)

    def posted(self, request: Request) -> str | None:
        """What binds a request that another site posted to this browser."""
        return request.cookies.get(self.posted_name)

    def playground(self, request: Request) -> str | None:
        """What the playground knows a visitor by."""
        return request.cookies.get(self.playground_name)

    def set_browser(self, secrets: BrowserSecrets, max_age: int | None = None) -> tuple[Header, ...]:
        """The cookies of a browser, with a new state; `max_age` is seconds, None means until the browser closes."""
        return (
            self._set(self.sso_name, secrets.sso, max_age, cross_site=True),
            self.set_page(secrets.page, max_age),
            self.set_browser_state(new_browser_state(), max_age),
        )

    def set_browser_state(self, value: str, max_age: int | None = None) -> Header:
        """The cookie that session management compares; it is worth nothing to whoever reads it."""
        return self._set(self.state_name, value, max_age, cross_site=True, readable=True)

    def set_page(self, value: str, max_age: int | None = None) -> Header:
        """The page cookie."""
        return self._set(self.page_name, value, max_age)

    def set_posted(self, value: str, max_age: int) -> Header:
        """The cookie that a kept request is continued with."""
        return self._set(self.posted_name, value, max_age)

    def set_playground(self, value: str) -> Header:
        """The playground's own cookie, as any application has one."""
        return self._set(self.playground_name, value, None)

    def _set(
        self, name: str, value: str, max_age: int | None, *, cross_site: bool = False, readable: bool = False
    ) -> Header:
        parts = [f"{name}={value}", "Path=/"]
        if not readable:
            parts.append("HttpOnly")
        if max_age is not None:
            parts.append(f"Max-Age={max_age}")
        if self._secure:
            parts.append("Secure")
        parts.append("SameSite=None" if cross_site and self._secure else "SameSite=Lax")
        return "Set-Cookie", "; ".join(parts)


def new_browser_state() -> str:
    """A value that no browser had before."""
    return random.token_urlsafe(STATE_BYTES)
