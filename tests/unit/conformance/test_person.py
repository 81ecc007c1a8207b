"""The person signs in on pages as they are: hidden fields, the button that goes on, a redirect to nobody."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from conformance.hooks import ApprovalsAPI
from conformance.person import Person, PersonError
from conformance.plans.configuration import Prepared

CALLBACK = "http://127.0.0.1/nobody"
CLIENT = {"client_id": "c", "client_secret": "s", "redirect_uri": CALLBACK, "scope": "approvals", "resource": "r"}
PAGE = """<form method="post" action="/login?x=1">
<input type="hidden" name="csrf_token" value="proof"><input name="username" type="text" value="">
<input name="password" type="password"><input name="remember" type="checkbox" value="yes">
<button id="login-submit" name="action" value="login">Sign in</button>
<button id="login-cancel" name="action" value="cancel">Cancel</button></form>"""


@dataclass
class FakeServer:
    """A login page, a redirect, a token endpoint, and an API that takes the second token alone."""

    back: str = "code=abc"
    page: str = PAGE
    forms: list[dict[str, str]] = field(default_factory=list)
    tokens: int = 0
    decisions: list[Any] = field(default_factory=list)
    good: str = "token-1"
    url: str = ""

    def answer(self, path: str, body: bytes, authorization: str) -> tuple[int, str, str]:
        """Status, address to go to, body."""
        if path == "/oauth2/authorize":
            return 303, "/login?x=1", ""
        if path == "/oauth2/token":
            self.tokens += 1
            return 200, "", json.dumps({"access_token": f"token-{self.tokens}"})
        if path == "/approve":
            if authorization != f"Bearer {self.good}":
                return 401, "", "{}"
            self.decisions.append(json.loads(body))
            return 200, "", "{}"
        if not body:
            return 200, "", self.page
        self.forms.append({name: values[0] for name, values in parse_qs(body.decode(), True).items()})
        return 303, f"{CALLBACK}?{self.back}", ""


@contextmanager
def running(server: FakeServer) -> Iterator[FakeServer]:
    """Serve for as long as the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            path = urlsplit(self.path).path
            status, location, text = server.answer(path, body, self.headers.get("Authorization", ""))
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = answer  # noqa: N815 - the names of the base class

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{listening.server_address[1]}"
    try:
        yield server
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with running(FakeServer()) as found:
        yield found


@pytest.fixture
def person(server: FakeServer, clients_file: Callable[..., Path]) -> Person:
    path = clients_file("https://suite.example", issuer=server.url, approvals=CLIENT)
    return Person(Prepared.read(path))


def test_person_signs_in_with_the_fields_of_the_page(server: FakeServer, person: Person) -> None:
    assert person.access_token() == "token-1"
    (form,) = server.forms
    assert form == {"csrf_token": "proof", "username": "alice", "password": "wonderland", "action": "login"}


def test_refusal_is_named(server: FakeServer, person: Person) -> None:
    server.back = "error=access_denied"
    with pytest.raises(PersonError, match="access_denied"):
        person.access_token()


def test_page_without_a_form_is_the_end(server: FakeServer, person: Person) -> None:
    server.page = "<h1>Request error</h1>"
    with pytest.raises(PersonError, match="without a form"):
        person.access_token()


def test_decision_brings_the_token_of_the_person(server: FakeServer, person: Person) -> None:
    decide = ApprovalsAPI(f"{server.url}/approve", person.access_token)
    decide("abc", "allow")
    decide("def", "deny")
    assert server.decisions == [
        {"auth_req_id": "abc", "decision": "allow"},
        {"auth_req_id": "def", "decision": "deny"},
    ]
    assert server.tokens == 1


def test_token_that_is_not_good_any_more_is_replaced_once(server: FakeServer, person: Person) -> None:
    server.good = "token-2"
    ApprovalsAPI(f"{server.url}/approve", person.access_token)("abc", "allow")
    assert (server.tokens, len(server.decisions)) == (2, 1)
    server.good = "none"
    with pytest.raises(OSError, match="401"):
        ApprovalsAPI(f"{server.url}/approve", person.access_token)("abc", "allow")
