"""Proof that a form was posted from a page of ours, by the browser that was shown it."""

from __future__ import annotations

from typing import Protocol
from urllib.parse import urlsplit

from authserver.crypto.macs import Macs
from authserver.protocol.errors import ProtocolError
from authserver.protocol.messages import Request

PURPOSE = "csrf"
FIELD = "csrf_token"
NO_PROOF = "csrf_token"
"""The reason of a refusal for a form without a good proof, which may merely be old."""


class PageCookie(Protocol):
    """The cookie that forms are tied to."""

    def page(self, request: Request) -> str | None:
        """Its value, if the browser sent one."""


class ForgedForm(ProtocolError):
    """The form does not carry the proof that a page of ours puts into it."""

    code = "csrf_failed"
    status = 403


class CSRF:
    """Ties a form to the page cookie: another site can neither read the token nor send the cookie with a POST."""

    def __init__(self, macs: Macs, cookies: PageCookie, issuer: str) -> None:
        self._macs = macs
        self._cookies = cookies
        parts = urlsplit(issuer)
        self._origin = f"{parts.scheme}://{parts.netloc}"

    def token(self, page_secret: str) -> str:
        """The proof for forms shown to the browser with this page cookie."""
        return self._macs.sign(PURPOSE, page_secret)

    def check(self, request: Request) -> None:
        """Accept a POST from a form of ours. Raises ForgedForm."""
        origin = request.headers.get("origin")
        if origin is not None and origin not in {self._origin, "null"}:
            raise ForgedForm("The form was sent from another site.", reason="csrf_origin")
        secret, token = self._cookies.page(request), request.form.get(FIELD)
        if secret is None or token is None or not self._macs.verify(PURPOSE, token, secret):
            raise ForgedForm("The form is too old or was not opened here. Go back and try again.", reason=NO_PROOF)
