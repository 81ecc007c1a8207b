"""A person without a browser: posts the forms of the pages by plain HTTP, as they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests

from tests.relying_party import hidden_fields, inputs
from tests.servers.authserver import Instance

PASSWORD = "Correct-Horse-7-Battery"
REDIRECTS = {302, 303, 307}


def add_person(instance: Instance, name: str = "ada") -> str:
    """Make an account by the command line, with a few claims; returns its subject."""
    claims = Path(instance.directory, f"{name}.json")
    claims.write_text(json.dumps({"name": "Ada Lovelace", "given_name": "Ada", "family_name": "Lovelace"}))
    options = ("--email", f"{name}@example.com", "--username", name, "--verified", "--claims", str(claims))
    return str(instance.create("users", *options, "--password-stdin", stdin=f"{PASSWORD}\n")["sub"])


@dataclass
class Person:
    """Somebody with an account at `issuer`."""

    issuer: str
    name: str = "ada"
    http: requests.Session = field(default_factory=requests.Session)

    def sign_in(self, url: str) -> str:
        """Open an address, log in and consent where one is asked to; the application's address one is sent to.

        An address of the application (its login link) may be the start: it is followed to the server.
        """
        answer = self.follow(self.http.get(url, allow_redirects=False, timeout=60))
        for _ in range(4):
            if answer.status_code in REDIRECTS:
                return answer.headers["Location"]
            answer = self.follow(self._answer_form(answer))
        raise AssertionError(f"not signed in: {answer.status_code} {answer.url} {answer.text[:500]}")

    def follow(self, answer: requests.Response, into: Callable[[str], bool] | None = None) -> requests.Response:
        """Follow redirects as long as they stay on the server (or lead `into` something)."""
        inside = into or (lambda url: url.startswith(f"{self.issuer}/"))
        while answer.status_code in REDIRECTS:
            target = urljoin(answer.url, answer.headers["Location"])
            if not inside(target):
                break
            answer = self.http.get(target, allow_redirects=False, timeout=60)
        return answer

    def log_in(self, page: requests.Response) -> requests.Response:
        """Answer the login page; the page after it."""
        return self.follow(self._answer_form(page))

    def _answer_form(self, page: requests.Response) -> requests.Response:
        assert page.status_code == 200, f"{page.status_code} {page.url} {page.text[:500]}"
        values = hidden_fields(page)
        if urlsplit(page.url).path == "/login":
            values |= {"username": self.name, "password": PASSWORD, "action": "login"}
        else:
            scopes = [found["value"] for found in inputs(page) if found.get("name") == "scope"]
            values |= {"scope": scopes, "remember": "yes", "action": "allow"}
        return self.http.post(page.url, values, allow_redirects=False, timeout=60)
