"""`id_token_hint`: whom the application expects (OIDC Core §3.1.2.1)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import time_machine

from tests.installation import Installation
from tests.relying_party import Browser, RelyingParty


@pytest.fixture
def browser(relying_party: RelyingParty) -> Browser:
    return Browser(relying_party.installation)


@pytest.fixture
def hint(relying_party: RelyingParty, browser: Browser) -> str:
    """The ID token of alice, who is signed in."""
    return str(relying_party.tokens(browser)["id_token"])


def test_person_who_is_expected_goes_through(relying_party: RelyingParty, browser: Browser, hint: str) -> None:
    assert "code" in relying_party.response(relying_party.request(browser, prompt="none", id_token_hint=hint))


def test_without_a_session_the_login_page_comes(relying_party: RelyingParty, hint: str) -> None:
    other = Browser(relying_party.installation)
    page = relying_party.request(other, id_token_hint=hint)
    assert other.path == "/login"
    assert "code" in relying_party.response(other.sign_in(page))


def test_another_person_ends_in_login_required(relying_party: RelyingParty, hint: str) -> None:
    server, other = relying_party.installation, Browser(relying_party.installation)
    server.add_user("bob")
    page = relying_party.request(other, id_token_hint=hint)
    answer = other.sign_in(page, "bob")
    assert relying_party.response(answer)["error"] == "login_required"
    assert server.why(answer) == "id_token_hint_other_subject"


def test_session_of_another_person_is_not_used(relying_party: RelyingParty, hint: str) -> None:
    server, other = relying_party.installation, Browser(relying_party.installation)
    server.add_user("bob")
    relying_party.sign_in(other, "bob")
    answer = relying_party.request(other, prompt="none", id_token_hint=hint)
    assert relying_party.response(answer)["error"] == "login_required"
    relying_party.request(other, id_token_hint=hint)
    assert other.path == "/login"


def test_choosing_another_account_than_is_expected_answers_nothing(
    relying_party: RelyingParty, browser: Browser, hint: str
) -> None:
    relying_party.installation.add_user("bob")
    browser.allow(browser.sign_in(relying_party.request(browser, prompt="login"), "bob"))
    chooser = relying_party.request(browser, prompt="select_account", id_token_hint=hint)
    page = browser.choose(chooser, "bob")
    assert browser.path == "/login"
    assert "code" in relying_party.response(browser.sign_in(page, "alice"))


def test_hint_chooses_among_several_sessions(relying_party: RelyingParty, browser: Browser, hint: str) -> None:
    relying_party.installation.add_user("bob")
    browser.sign_in(relying_party.request(browser, prompt="login"), "bob")
    answer = relying_party.request(browser, prompt="none", id_token_hint=hint)
    assert "code" in relying_party.response(answer)


def test_expired_hint_counts(frozen_time: time_machine.Traveller, make_server: Callable[..., Installation]) -> None:
    server = make_server()
    server.add_user()
    party, browser = RelyingParty(server, *server.add_client()), Browser(server)
    hint = party.tokens(browser)["id_token"]
    frozen_time.shift(7200)
    assert "code" in party.response(party.request(browser, prompt="none", id_token_hint=hint))


@pytest.mark.parametrize("spoil", [lambda hint: hint[:-6] + "AAAAAA", lambda hint: "rubbish", lambda hint: hint + ".x"])
def test_hint_that_we_did_not_sign_is_refused(
    relying_party: RelyingParty, browser: Browser, hint: str, spoil: Callable[[str], str]
) -> None:
    answer = relying_party.request(browser, id_token_hint=spoil(hint))
    assert relying_party.response(answer)["error"] == "invalid_request"
    assert relying_party.installation.why(answer).startswith("id_token_hint_")


def test_access_token_is_no_hint(relying_party: RelyingParty, browser: Browser) -> None:
    token = relying_party.tokens(browser)["access_token"]
    answer = relying_party.request(browser, id_token_hint=token)
    assert relying_party.response(answer)["error"] == "invalid_request"


def test_hint_of_another_application_is_refused(relying_party: RelyingParty, browser: Browser, hint: str) -> None:
    server = relying_party.installation
    other = RelyingParty(server, *server.add_client("other"))
    answer = other.request(browser, id_token_hint=hint)
    assert other.response(answer)["error"] == "invalid_request"
    assert server.why(answer) == "id_token_hint_other_client"
