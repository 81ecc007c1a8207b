"""The person whom the plans sign in, as a program: gets an access token by the code flow, on the server's own pages."""

from __future__ import annotations

import base64
import hashlib
import http.cookiejar
import json
import secrets
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from conformance.plans.configuration import Prepared

SECONDS = 30
BUTTONS = {"login-submit", "consent-allow"}
MOST_PAGES = 4


class PersonError(OSError):
    """The pages did not lead to a token."""


@dataclass(frozen=True, slots=True)
class Person:
    """Signs in anew for each token; the browser's cookies are forgotten in between.

    Attributes:
        prepared: who, where, and the client that the token is for.
        context: whom to trust for the server's certificate.
    """

    prepared: Prepared
    context: ssl.SSLContext | None = field(default=None, repr=False)

    def access_token(self) -> str:
        """A fresh token for the API of approvals.

        Raises:
            PersonError: the server led elsewhere than to a token.
            OSError: it did not answer.
        """
        verifier = secrets.token_urlsafe(48)
        code = self._code(verifier)
        client = self.prepared.approvals
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": client["redirect_uri"],
            "code_verifier": verifier,
        }
        basic = base64.b64encode(f"{client['client_id']}:{client['client_secret']}".encode()).decode()
        address = f"{self.prepared.issuer}/oauth2/token"
        request = urllib.request.Request(address, _encoded(form), {"Authorization": f"Basic {basic}"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=SECONDS, context=self.context) as answer:  # noqa: S310
            found: Any = json.loads(answer.read())
        return str(found["access_token"])

    def _code(self, verifier: str) -> str:
        """Walk from page to page, as the buttons lead, until the client is reached."""
        client = self.prepared.approvals
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        tls = urllib.request.HTTPSHandler(context=self.context)
        browser = urllib.request.build_opener(tls, cookies, _Stop(client["redirect_uri"]))
        try:
            self._walk(browser, self._start(client, verifier))
        except _Reached as reached:
            return _code_in(reached.address)
        raise PersonError("the server asks for one page after another")

    def _walk(self, browser: urllib.request.OpenerDirector, address: str) -> None:
        known = {"username": self.prepared.username, "password": self.prepared.password}
        data = None
        for _ in range(MOST_PAGES):
            with browser.open(address, data, timeout=SECONDS) as answer:
                form = _Form.read(answer.read().decode())
                address = urllib.parse.urljoin(answer.url, form.action)
            data = _encoded(form.values | {name: value for name, value in known.items() if name in form.values})

    def _start(self, client: Mapping[str, str], verifier: str) -> str:
        digest = hashlib.sha256(verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": client["client_id"],
            "redirect_uri": client["redirect_uri"],
            "scope": client["scope"],
            "resource": client["resource"],
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return f"{self.prepared.issuer}/oauth2/authorize?{urllib.parse.urlencode(query)}"


class _Reached(Exception):
    """The way led to the client."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.address = address


class _Stop(urllib.request.HTTPRedirectHandler):
    """Follows redirects until one leads to the client, where nobody listens."""

    def __init__(self, redirect_uri: str) -> None:
        self._redirect_uri = redirect_uri

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:  # noqa: PLR0917
        """The next request. Raises _Reached where it would be the client's."""
        if newurl.startswith(self._redirect_uri):
            fp.close()
            raise _Reached(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class _Form(HTMLParser):
    """The first form of a page: where it leads, its fields, and the button that goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.values: dict[str, str] = {}

    @classmethod
    def read(cls, page: str) -> _Form:
        """Take a page apart."""
        form = cls()
        form.feed(page)
        if not form.values:
            raise PersonError("the server shows a page without a form")
        return form

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember fields that are sent unasked, fields for text, and the button."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = self.action or given.get("action", "")
        elif (tag == "input" and given.get("type") in {"hidden", "text", "password"}) or (
            tag == "button" and given.get("id") in BUTTONS
        ):
            self.values[given.get("name", "")] = given.get("value", "")


def _code_in(address: str) -> str:
    answer = urllib.parse.parse_qs(urllib.parse.urlsplit(address).query)
    if "code" not in answer:
        raise PersonError(f"the server answered {answer.get('error', ['without a code'])[0]}")
    return answer["code"][0]


def _encoded(form: Mapping[str, str]) -> bytes:
    return urllib.parse.urlencode(form).encode()
