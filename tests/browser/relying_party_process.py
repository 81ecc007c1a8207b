"""An application of its own that signs people in: requests-oauthlib talks to the server, PyJWT checks the ID token.

It knows nothing of the product but its issuer, and runs as its own process:
`python relying_party_process.py '{"port": …, "issuer": …, "client_id": …, "client_secret": …}'`. What it got is on its
pages as JSON. `/start?…` passes its parameters on to the authorization endpoint.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import secrets
import sys
import time
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
import requests
from requests_oauthlib import OAuth2Session

COOKIE = "rp"
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<main><h1 id="{id}">{title}</h1><pre id="result">{result}</pre></main></html>"""


class Unacceptable(Exception):
    """The server answered something that a careful application does not accept."""


@dataclass
class Begun:
    """A sign-in that has begun: it is finished in the same browser, once."""

    session: OAuth2Session
    browser: str
    nonce: str
    max_age: int | None
    at: float = field(default_factory=time.time)


@dataclass
class Application:
    """The application: its registration, and what it remembers of its visitors."""

    port: int
    issuer: str
    client_id: str
    client_secret: str
    begun: dict[str, Begun] = field(default_factory=dict)
    id_tokens: dict[str, str] = field(default_factory=dict)
    leaving: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.origin = f"http://localhost:{self.port}"
        self.metadata = requests.get(f"{self.issuer}/.well-known/openid-configuration", timeout=60).json()
        expect(self.metadata["issuer"] == self.issuer, "the metadata name another issuer")
        self.keys = jwt.PyJWKClient(self.metadata["jwks_uri"])

    def start(self, browser: str, parameters: dict[str, str]) -> str:
        """Begin a sign-in; the address of the server to go to."""
        wanted = dict(parameters)
        scope = wanted.pop("scope", "openid profile email").split()
        client_id = wanted.pop("client_id", self.client_id)
        redirect_uri = wanted.pop("redirect_uri", f"{self.origin}/callback")
        if wanted.pop("hint", ""):
            wanted["id_token_hint"] = self.id_tokens[browser]
        session = OAuth2Session(client_id, redirect_uri=redirect_uri, scope=scope, pkce="S256")
        nonce = secrets.token_urlsafe(16)
        url, state = session.authorization_url(self.metadata["authorization_endpoint"], nonce=nonce, **wanted)
        max_age = int(wanted["max_age"]) if "max_age" in wanted else None
        self.begun[state] = Begun(session, browser, nonce, max_age)
        return str(url)

    def finish(self, browser: str, query: str) -> dict[str, Any]:
        """Take the authorization response; what was learnt about the person, or the error.

        Raises:
            Unacceptable: something does not fit.
        """
        answer = dict(parse_qsl(query))
        begun = self.begun.pop(answer.get("state", ""), None)
        if begun is None or begun.browser != browser:
            raise Unacceptable("no sign-in of this browser has that state")
        expect(answer.get("iss") == self.issuer, "the response is not from the issuer")
        if "error" in answer:
            return {"error": answer["error"], "error_description": answer.get("error_description")}
        tokens = begun.session.fetch_token(
            self.metadata["token_endpoint"],
            authorization_response=f"{self.origin}/callback?{query}",
            client_secret=self.client_secret,
        )
        claims = self.verified(tokens, begun)
        userinfo = begun.session.get(self.metadata["userinfo_endpoint"], timeout=60).json()
        expect(userinfo["sub"] == claims["sub"], "UserInfo is about somebody else")
        self.id_tokens[browser] = tokens["id_token"]
        return {"claims": claims, "userinfo": userinfo, "scope": sorted(tokens["scope"])}

    def verified(self, tokens: dict[str, Any], begun: Begun) -> dict[str, Any]:
        """The claims of the ID token, with everything checked that OIDC Core §3.1.3.7 names."""
        token = tokens["id_token"]
        claims: dict[str, Any] = jwt.decode(
            token,
            self.keys.get_signing_key_from_jwt(token),
            algorithms=["RS256"],
            audience=self.client_id,
            issuer=self.issuer,
            options={"require": ["iss", "sub", "aud", "exp", "iat"], "strict_aud": True},
        )
        expect(claims.get("azp", self.client_id) == self.client_id, "the token is for another party")
        expect(claims.get("nonce") == begun.nonce, "the nonce is another one")
        half = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]
        expect(claims.get("at_hash") == base64.urlsafe_b64encode(half).rstrip(b"=").decode(), "at_hash does not fit")
        if begun.max_age is not None:
            expect(claims["auth_time"] >= int(begun.at) - begun.max_age, "the login is too old")
        return claims

    def leave(self, browser: str, *, with_hint: bool) -> str:
        """Where to go to sign out of the server too."""
        state = secrets.token_urlsafe(8)
        self.leaving.add(state)
        values = {"client_id": self.client_id, "state": state, "ui_locales": "en"}
        if with_hint:
            values |= {
                "id_token_hint": self.id_tokens.pop(browser),
                "post_logout_redirect_uri": f"{self.origin}/signed-out",
            }
        return f"{self.metadata['end_session_endpoint']}?{urlencode(values)}"


def expect(condition: bool, otherwise: str) -> None:
    """Raise Unacceptable unless the condition holds."""
    if not condition:
        raise Unacceptable(otherwise)


class Visitor(BaseHTTPRequestHandler):
    """One request of a browser."""

    application: Application

    def do_GET(self) -> None:
        """Every page; an authorization response in the query."""
        path, _, query = self.path.partition("?")
        self.answer(path, query)

    def do_POST(self) -> None:
        """An authorization response as a form."""
        self.answer(urlsplit(self.path).path, self.rfile.read(int(self.headers["Content-Length"])).decode())

    def answer(self, path: str, query: str) -> None:
        """Do what the path says, and show what does not fit instead of hiding it."""
        sent = SimpleCookie(self.headers.get("Cookie", "")).get(COOKIE)
        browser = sent.value if sent else secrets.token_urlsafe(16)
        try:
            self.visit(path, query, browser)
        except Exception as error:
            self.page(500, "refused", "Refused", {"refused": f"{type(error).__name__}: {error}"}, browser)

    def visit(self, path: str, query: str, browser: str) -> None:
        """The pages."""
        parameters = dict(parse_qsl(query))
        if path == "/start":
            self.redirect(self.application.start(browser, parameters), browser)
        elif path == "/callback":
            got = self.application.finish(browser, query)
            if "error" in got:
                self.page(200, "not-signed-in", "Not signed in", got, browser)
            else:
                self.page(200, "signed-in", "Signed in", got, browser)
        elif path == "/leave":
            self.redirect(self.application.leave(browser, with_hint="hint" in parameters), browser)
        elif path == "/signed-out":
            expect(parameters.get("state") in self.application.leaving, "nobody was leaving with that state")
            self.page(200, "left", "Signed out of the application", {}, browser)
        elif path == "/":
            self.page(200, "start", "Application", {}, browser)
        else:
            self.page(404, "nothing", "Nothing here", {}, browser)

    def redirect(self, location: str, browser: str) -> None:
        """Send the browser on."""
        self.send_response(303)
        self.send_header("Location", location)
        self.finish_headers(browser)

    def page(self, status: int, element: str, title: str, result: dict[str, Any], browser: str) -> None:
        """A page with a result in it."""
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.finish_headers(browser)
        shown = html.escape(json.dumps(result, indent=1, ensure_ascii=False))
        self.wfile.write(PAGE.format(id=element, title=title, result=shown).encode())

    def finish_headers(self, browser: str) -> None:
        """The cookie by which the browser is known again, also when another site posts a form."""
        self.send_header("Set-Cookie", f"{COOKIE}={browser}; HttpOnly; Path=/")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()


def main(configuration: dict[str, Any]) -> None:
    """Serve until the process is ended."""
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # the loopback has no TLS
    Visitor.application = Application(**configuration)
    ThreadingHTTPServer(("127.0.0.1", configuration["port"]), Visitor).serve_forever()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
