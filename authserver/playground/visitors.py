"""Who visits: a cookie of the playground's own, as any relying party has one."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import Final

from authserver.protocol.messages import Request
from authserver.web.cookies import Cookies, Header

_VALUE: Final = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Visitor:
    """One browser. `headers` sets its cookie where it had none."""

    secret: str
    headers: tuple[Header, ...] = ()


class Visitors:
    """Reads and makes the cookie. Forms of the playground are tied to it (`page` is what `CSRF` asks for)."""

    def __init__(self, cookies: Cookies) -> None:
        self._cookies = cookies

    def page(self, request: Request) -> str | None:
        """The cookie's value, if it is one that was made here."""
        value = self._cookies.playground(request)
        return value if value and _VALUE.fullmatch(value) else None

    def of(self, request: Request) -> Visitor:
        """The visitor, known or new."""
        known = self.page(request)
        if known is not None:
            return Visitor(known)
        made = secrets.token_urlsafe(32)
        return Visitor(made, (self._cookies.set_playground(made),))
