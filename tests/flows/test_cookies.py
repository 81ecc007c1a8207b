"""Cookies as they leave the server: names, flags, lifetimes."""

from __future__ import annotations

from collections.abc import Callable
from http.cookies import SimpleCookie

import pytest

from tests.installation import Answer, Installation
from tests.relying_party import Browser, RelyingParty


def cookies(answer: Answer) -> dict[str, dict[str, str]]:
    """The flags of every cookie that an answer sets, by the cookie's purpose."""
    jar: SimpleCookie = SimpleCookie()
    for header in answer.all("Set-Cookie"):
        jar.load(header)
    return {name.removeprefix("__Host-").split("-")[0]: {"name": name, **morsel} for name, morsel in jar.items()}


def first_answer(server: Installation) -> dict[str, dict[str, str]]:
    party = RelyingParty(server, *server.add_client())
    return cookies(Browser(server).open(party.authorization_url(), follow=False))


@pytest.fixture
def secure(make_server: Callable[..., Installation]) -> Installation:
    return make_server(issuer="https://sso.example")


def test_over_https_all_are_locked_to_the_host(secure: Installation) -> None:
    found = first_answer(secure)
    assert set(found) == {"sso", "page", "state"}
    for flags in found.values():
        assert flags["name"].startswith("__Host-")
        assert (flags["secure"], flags["path"], flags["domain"]) == (True, "/", "")
    assert {name: flags["samesite"] for name, flags in found.items()} == {"sso": "None", "page": "Lax", "state": "None"}


def test_scripts_read_the_cookie_of_session_management_alone(secure: Installation) -> None:
    assert {name: flags["httponly"] for name, flags in first_answer(secure).items()} == {
        "sso": True,
        "page": True,
        "state": "",
    }


def test_over_http_nothing_is_promised_that_does_not_hold(server: Installation) -> None:
    found = first_answer(server)
    for flags in found.values():
        assert not flags["name"].startswith("__Host-")
        assert (flags["secure"], flags["samesite"], flags["path"]) == ("", "Lax", "/")


def test_cookies_last_as_long_as_the_browser(relying_party: RelyingParty, browser: Browser) -> None:
    answer = browser.sign_in(relying_party.request(browser), follow=False)
    assert {flags["max-age"] for flags in cookies(answer).values()} == {""}


def test_cookies_of_a_remembered_browser_last_a_month(relying_party: RelyingParty, browser: Browser) -> None:
    answer = browser.sign_in(relying_party.request(browser), follow=False, remember="yes")
    assert {flags["max-age"] for flags in cookies(answer).values()} == {"2592000"}


def test_cookies_of_other_programs_do_no_harm(relying_party: RelyingParty, signed_in: Browser) -> None:
    junk = {"analytics": '{"a":1,"b":"x;y"}', "bad name": "1", "[brackets]": "@", "empty": ""}
    signed_in.cookies = {**junk, **signed_in.cookies}
    answer = relying_party.request(signed_in, prompt="none")
    assert "code" in relying_party.response(answer)


def test_known_browser_gets_no_new_cookies(relying_party: RelyingParty, signed_in: Browser) -> None:
    answer = signed_in.open(relying_party.authorization_url(), follow=False)
    assert answer.all("Set-Cookie") == []
