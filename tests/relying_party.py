"""A relying party and a browser in a few lines each, so that a journey reads like what people do."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import secrets
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from tests.installation import PASSWORD, REDIRECT_URI, Answer, Installation

FIELD = re.compile(r"<(?:input|button)\b[^>]*>")
ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')
REDIRECTS = {302, 303, 307}


@dataclass
class Browser:
    """Keeps cookies and follows redirects as long as they stay on the server."""

    installation: Installation
    cookies: dict[str, str] = field(default_factory=dict)
    url: str = ""

    def open(self, url: str, *, form: Any = None, headers: dict[str, str] | None = None, follow: bool = True) -> Answer:
        """GET a URL, or POST a form to it, and follow."""
        method = "GET" if form is None else "POST"
        while True:
            self.url = urljoin(self.installation.settings.issuer + "/", url)
            answer = self.installation.request(method, self.url, form=form, headers=self._headers(headers))
            self._keep_cookies(answer)
            if answer.status not in REDIRECTS or not follow:
                return answer
            url = urljoin(self.url, answer.location)
            if not url.startswith(self.installation.settings.issuer):
                return answer
            method, form = "GET", None

    def _headers(self, headers: dict[str, str] | None) -> dict[str, str]:
        sent = dict(headers or {})
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return sent

    def _keep_cookies(self, answer: Answer) -> None:
        for header in answer.all("Set-Cookie"):
            for name, morsel in SimpleCookie(header).items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value

    @property
    def path(self) -> str:
        """The path of the page that is shown."""
        return urlsplit(self.url).path

    def submit(self, page: Answer, follow: bool = True, **values: Any) -> Answer:
        """Post the page's form with its hidden fields and `values`."""
        return self.open(self.url, form=hidden_fields(page) | values, follow=follow)

    def sign_in(self, page: Answer, name: str = "alice", password: str = PASSWORD, **values: Any) -> Answer:
        """Fill in the login page."""
        return self.submit(page, username=name, password=password, action="login", **values)

    def choose(self, page: Answer, name: str = "alice") -> Answer:
        """Press an account's button in the account chooser."""
        with self.installation.reading() as unit:
            sessions = {session.id for session in unit.sessions.of_user(self.installation.users[name].id)}
        offered = [values["value"] for values in inputs(page) if values.get("name") == "account"]
        return self.submit(page, account=next(reference for reference in offered if reference in sessions))

    def allow(self, page: Answer, *, scopes: list[str] | None = None, remember: bool = True) -> Answer:
        """Allow what the consent page asks for, or only `scopes` of it."""
        offered = [values["value"] for values in inputs(page) if values.get("name") == "scope"]
        chosen = offered if scopes is None else scopes
        values: dict[str, Any] = {"action": "allow", "scope": chosen}
        if remember:
            values["remember"] = "yes"
        return self.submit(page, **values)


def inputs(page: Answer) -> list[dict[str, str]]:
    """The attributes of every input and button of a page."""
    return [{name: html.unescape(value) for name, value in ATTRIBUTE.findall(tag)} for tag in FIELD.findall(page.text)]


def hidden_fields(page: Answer) -> dict[str, Any]:
    """The hidden fields of a page's form."""
    return {values["name"]: values.get("value", "") for values in inputs(page) if values.get("type") == "hidden"}


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a JWT, unverified."""
    payload = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))


@dataclass
class RelyingParty:
    """A client of the server. `secret` empty means a public client."""

    installation: Installation
    client_id: str = "app"
    secret: str = ""
    redirect_uri: str = REDIRECT_URI
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    @property
    def challenge(self) -> str:
        """The S256 challenge of the verifier."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def authorization_url(self, **parameters: Any) -> str:
        """The address that sends a person to the server; None takes a parameter out."""
        values: dict[str, Any] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "openid",
            "state": "state-1",
            "nonce": "nonce-1",
            "code_challenge": self.challenge,
            "code_challenge_method": "S256",
        } | parameters
        kept = {name: value for name, value in values.items() if value is not None}
        return f"/oauth2/authorize?{urlencode(kept, doseq=True)}"

    def request(self, browser: Browser, **parameters: Any) -> Answer:
        """Send a person to the server; what they see, or the redirect back."""
        return browser.open(self.authorization_url(**parameters))

    def sign_in(self, browser: Browser, name: str = "alice", **parameters: Any) -> dict[str, str]:
        """The whole journey: login and consent wherever they are asked for; the authorization response."""
        answer = browser.open(self.authorization_url(**parameters))
        if "/login" in browser.url and answer.status == 200:
            answer = browser.sign_in(answer, name)
        if "/consent" in browser.url and answer.status == 200:
            answer = browser.allow(answer)
        return self.response(answer)

    def response(self, answer: Answer) -> dict[str, str]:
        """The parameters of an authorization response, in the query or the fragment."""
        assert answer.location.startswith(self.redirect_uri.split("?")[0]), answer.location
        parts = urlsplit(answer.location)
        return dict(parse_qsl(parts.fragment or parts.query))

    def code(self, browser: Browser | None = None, **parameters: Any) -> str:
        """A fresh authorization code."""
        response = self.sign_in(browser or Browser(self.installation), **parameters)
        assert "code" in response, response
        return response["code"]

    def token_request(self, *, headers: dict[str, str] | None = None, **values: Any) -> Answer:
        """POST to the token endpoint, authenticated by client_secret_basic or as a public client."""
        headers = dict(headers or {})
        if self.secret:
            credentials = base64.b64encode(f"{self.client_id}:{self.secret}".encode()).decode()
            headers["Authorization"] = f"Basic {credentials}"
        else:
            values = {"client_id": self.client_id} | values
        return self.installation.post("/oauth2/token", values, headers=headers)

    def redeem(self, code: str, **values: Any) -> Answer:
        """Exchange a code."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
        } | values
        return self.token_request(**{name: value for name, value in form.items() if value is not None})

    def tokens(self, browser: Browser | None = None, **parameters: Any) -> dict[str, Any]:
        """Tokens from a whole journey."""
        answer = self.redeem(self.code(browser, **parameters))
        assert answer.status == 200, answer.text
        return dict(answer.json)

    def id_claims(self, answer: Answer) -> dict[str, Any]:
        """The claims of the ID token for a code that has just arrived."""
        redeemed = self.redeem(self.response(answer)["code"])
        assert redeemed.status == 200, redeemed.text
        return claims_of(redeemed.json["id_token"])

    def refresh(self, refresh_token: str, **values: Any) -> Answer:
        """Use a refresh token."""
        return self.token_request(grant_type="refresh_token", refresh_token=refresh_token, **values)

    def ask(self, endpoint: str, token: str, **values: Any) -> Answer:
        """POST a token to introspection or revocation."""
        headers = {}
        if self.secret:
            credentials = base64.b64encode(f"{self.client_id}:{self.secret}".encode()).decode()
            headers["Authorization"] = f"Basic {credentials}"
        else:
            values = {"client_id": self.client_id} | values
        return self.installation.post(f"/oauth2/{endpoint}", {"token": token} | values, headers=headers)

    def introspect(self, token: str, **values: Any) -> dict[str, Any]:
        """The introspection response."""
        return dict(self.ask("introspect", token, **values).json)

    def userinfo(self, access_token: str) -> Answer:
        """GET UserInfo."""
        return self.installation.get("/oauth2/userinfo", headers={"Authorization": f"Bearer {access_token}"})
