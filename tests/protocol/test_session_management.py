"""Session management (OpenID Connect Session Management 1.0); suite: oidcc-session-management-rp-initiated-logout."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

import pytest

from authserver.authorize.session_state import origin_of
from authserver.web.cookies import Cookies
from tests.installation import Answer, Installation
from tests.relying_party import Browser, RelyingParty

ORIGIN = "https://app.example"


@pytest.fixture
def browser(server: Installation) -> Browser:
    return Browser(server)


@pytest.fixture
def party(relying_party: RelyingParty) -> RelyingParty:
    return relying_party


def browser_state(browser: Browser) -> str | None:
    return browser.cookies.get(Cookies(browser.installation.settings.issuer).state_name)


def is_unchanged(browser: Browser, session_state: str, client_id: str = "app", origin: str = ORIGIN) -> bool:
    """What the frame would answer (§3.2)."""
    digest, salt = session_state.split(".")
    text = f"{client_id} {origin} {browser_state(browser)} {salt}"
    return digest == hashlib.sha256(text.encode()).hexdigest()


def test_answer_carries_the_state_of_this_browser(party: RelyingParty, browser: Browser) -> None:
    state = party.sign_in(browser)["session_state"]
    assert " " not in state
    assert is_unchanged(browser, state)
    assert not is_unchanged(browser, state, origin="https://evil.example")
    assert not is_unchanged(browser, state, client_id="other")


def test_silent_answers_leave_the_state_as_it_is_with_another_salt(party: RelyingParty, browser: Browser) -> None:
    first = party.sign_in(browser)["session_state"]
    second = party.response(party.request(browser, prompt="none"))["session_state"]
    assert first != second
    assert is_unchanged(browser, first)
    assert is_unchanged(browser, second)


def test_logout_changes_it(party: RelyingParty, browser: Browser) -> None:
    tokens = party.redeem((answer := party.sign_in(browser))["code"]).json
    browser.open(f"/oauth2/logout?id_token_hint={tokens['id_token']}")
    assert not is_unchanged(browser, answer["session_state"])


def test_confirmed_logout_changes_it(party: RelyingParty, browser: Browser) -> None:
    state = party.sign_in(browser)["session_state"]
    page = browser.open("/oauth2/logout")
    assert is_unchanged(browser, state)
    browser.submit(page, action="yes")
    assert not is_unchanged(browser, state)


def test_newer_login_changes_it(party: RelyingParty, browser: Browser) -> None:
    first = party.sign_in(browser)["session_state"]
    second = party.sign_in(browser, prompt="login")["session_state"]
    assert not is_unchanged(browser, first)
    assert is_unchanged(browser, second)


def test_refusal_after_logout_says_the_new_state(party: RelyingParty, browser: Browser) -> None:
    party.sign_in(browser)
    browser.submit(browser.open("/oauth2/logout"), action="yes")
    refused = party.response(party.request(browser, prompt="none"))
    assert refused["error"] == "login_required"
    assert is_unchanged(browser, refused["session_state"])


def test_refusal_of_an_unknown_browser_sets_nothing(party: RelyingParty, browser: Browser) -> None:
    answer = party.request(browser, prompt="none")
    assert "session_state" not in party.response(answer)
    assert answer.all("Set-Cookie") == []


def test_browser_that_lost_the_cookie_gets_another(party: RelyingParty, browser: Browser) -> None:
    first = party.sign_in(browser)["session_state"]
    del browser.cookies[Cookies(party.installation.settings.issuer).state_name]
    second = party.response(party.request(browser))["session_state"]
    assert is_unchanged(browser, second)
    assert not is_unchanged(browser, first)


def test_requests_without_openid_have_none(server: Installation, browser: Browser) -> None:
    server.add_user()
    server.add_resource(scopes=("orders",))
    values = {"scopes": frozenset({"orders"}), "resources": ("https://api.example",)}
    party = RelyingParty(server, *server.add_client(**values))
    assert "session_state" not in party.sign_in(browser, scope="orders", resource="https://api.example")


@pytest.mark.parametrize(
    ("redirect_uri", "origin"),
    [
        ("https://app.example/callback", "https://app.example"),
        ("https://app.example:443/", "https://app.example"),
        ("https://APP.example:8443/cb?x=1", "https://app.example:8443"),
        ("http://127.0.0.1:80/cb", "http://127.0.0.1"),
        ("http://[::1]:9000/cb", "http://[::1]:9000"),
        ("com.example.app:/cb", None),
    ],
)
def test_origin_is_written_as_browsers_do(redirect_uri: str, origin: str | None) -> None:
    assert origin_of(redirect_uri) == origin


def frame(server: Installation) -> Answer:
    return server.get(server.get("/.well-known/openid-configuration").json["check_session_iframe"])


def test_frame_may_be_framed_by_anybody(server: Installation) -> None:
    answer = frame(server)
    assert answer.status == 200
    assert answer.header("X-Frame-Options") is None
    policy = answer.header("Content-Security-Policy") or ""
    assert "frame-ancestors" not in policy
    assert "script-src 'self'" in policy


def test_frame_names_the_cookie_and_loads_its_script(make_server: Callable[..., Installation]) -> None:
    server = make_server(issuer="https://sso.example")
    text = frame(server).text
    assert f'content="{Cookies("https://sso.example").state_name}"' in text
    found = re.search(r'<script src="([^"]+)"></script>', text)
    assert found is not None
    assert server.get(found[1]).header("Content-Type") == "text/javascript; charset=utf-8"


def test_frame_sets_no_cookie(server: Installation) -> None:
    assert frame(server).all("Set-Cookie") == []
