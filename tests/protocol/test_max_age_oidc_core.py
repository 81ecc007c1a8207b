"""`max_age`: how old a login may be, measured when the request came in (OIDC Core §3.1.2.1)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import time_machine

from authserver.clients.extensions import Extensions
from tests.installation import Installation
from tests.relying_party import Browser, RelyingParty, claims_of


@pytest.fixture
def party(frozen_time: time_machine.Traveller, make_server: Callable[..., Installation]) -> RelyingParty:
    server = make_server()
    server.add_user()
    return RelyingParty(server, *server.add_client())


@pytest.fixture
def browser(party: RelyingParty) -> Browser:
    """A browser in which alice signed in at noon."""
    browser = Browser(party.installation)
    party.sign_in(browser)
    return browser


def auth_time(party: RelyingParty, response: dict[str, str]) -> int:
    return int(claims_of(party.redeem(response["code"]).json["id_token"])["auth_time"])


def test_login_of_exactly_that_age_is_good(
    party: RelyingParty, browser: Browser, frozen_time: time_machine.Traveller
) -> None:
    frozen_time.shift(60)
    assert "code" in party.response(party.request(browser, max_age=60))


def test_older_login_asks_again(party: RelyingParty, browser: Browser, frozen_time: time_machine.Traveller) -> None:
    frozen_time.shift(61)
    page = party.request(browser, max_age=60)
    assert browser.path == "/login"
    assert "already signed in" in page.text
    assert "code" in party.response(browser.sign_in(page))


def test_what_the_client_registered_counts_where_nothing_is_sent(
    party: RelyingParty, browser: Browser, frozen_time: time_machine.Traveller
) -> None:
    """`default_max_age` (OIDC Registration §2)."""
    party.installation.registration.update("app", {"extensions": Extensions(default_max_age=60)})
    party.installation.services.clients.forget()
    frozen_time.shift(61)
    assert party.response(party.request(browser, prompt="none"))["error"] == "login_required"
    assert "code" in party.response(party.request(browser, prompt="none", max_age=90))


def test_auth_time_is_that_of_the_new_login(
    party: RelyingParty, browser: Browser, frozen_time: time_machine.Traveller
) -> None:
    before = auth_time(party, party.sign_in(browser))
    frozen_time.shift(61)
    page = party.request(browser, max_age=60)
    assert auth_time(party, party.response(browser.sign_in(page))) == before + 61


def test_zero_always_asks(party: RelyingParty, browser: Browser) -> None:
    page = party.request(browser, max_age=0)
    assert browser.path == "/login"
    assert "code" in party.response(browser.sign_in(page))


def test_login_that_was_fresh_when_the_request_came_in_stays_good(
    party: RelyingParty, browser: Browser, frozen_time: time_machine.Traveller
) -> None:
    frozen_time.shift(50)
    page = party.request(browser, max_age=60, prompt="consent")
    frozen_time.shift(600)
    assert "code" in party.response(browser.allow(page))


@pytest.mark.parametrize("value", ["-1", "soon", "1.5", "\u0663", "1" * 11])
def test_max_age_that_is_no_number_of_seconds_is_refused(party: RelyingParty, browser: Browser, value: str) -> None:
    answer = party.request(browser, max_age=value)
    assert party.response(answer)["error"] == "invalid_request"


def test_stale_login_and_prompt_none_is_login_required(
    party: RelyingParty, browser: Browser, frozen_time: time_machine.Traveller
) -> None:
    frozen_time.shift(61)
    answer = party.request(browser, max_age=60, prompt="none")
    assert party.response(answer)["error"] == "login_required"
    assert party.installation.why(answer) == "max_age"


def test_slow_login_is_good_because_it_was_proven_here(
    party: RelyingParty, frozen_time: time_machine.Traveller
) -> None:
    browser = Browser(party.installation)
    page = browser.sign_in(party.request(browser, max_age=1))
    frozen_time.shift(300)
    assert "code" in party.response(browser.allow(page))


@pytest.mark.parametrize("max_age", ["-1", "1.5", "ten", "١", "1" * 11, "0x10", "+5"])
def test_malformed_value_is_refused(party: RelyingParty, browser: Browser, max_age: str) -> None:
    assert party.response(party.request(browser, max_age=max_age))["error"] == "invalid_request"


def test_very_large_value_is_good(party: RelyingParty, browser: Browser) -> None:
    assert "code" in party.response(party.request(browser, max_age="9999999999"))
