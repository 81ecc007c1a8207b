"""`prompt`: whether and how the person is interrupted (OIDC Core §3.1.2.1, §3.1.2.6)."""

from __future__ import annotations

import pytest

from tests.installation import Installation
from tests.relying_party import Browser, RelyingParty


@pytest.fixture
def browser(relying_party: RelyingParty) -> Browser:
    return Browser(relying_party.installation)


@pytest.fixture
def signed_in(relying_party: RelyingParty, browser: Browser) -> Browser:
    """A browser in which alice has signed in and allowed the application what it asks for."""
    relying_party.sign_in(browser)
    return browser


def test_none_answers_from_the_session(relying_party: RelyingParty, signed_in: Browser) -> None:
    assert "code" in relying_party.response(relying_party.request(signed_in, prompt="none"))


def test_none_without_a_session_is_login_required(relying_party: RelyingParty, browser: Browser) -> None:
    response = relying_party.response(relying_party.request(browser, prompt="none"))
    assert response["error"] == "login_required"


def test_none_without_consent_is_consent_required(relying_party: RelyingParty, signed_in: Browser) -> None:
    answer = relying_party.request(signed_in, prompt="none", scope="openid email")
    assert relying_party.response(answer)["error"] == "consent_required"


def test_none_makes_no_interaction_and_no_browser(relying_party: RelyingParty, browser: Browser) -> None:
    answer = browser.open(relying_party.authorization_url(prompt="none"), follow=False)
    assert answer.all("Set-Cookie") == []
    with relying_party.installation.reading() as unit:
        from sqlalchemy import text

        assert unit.session.execute(text("SELECT count(*) FROM interactions")).scalar() == 0


@pytest.mark.parametrize("prompt", ["none login", "none consent", "login none", "none select_account", "none none x"])
def test_none_goes_with_nothing_else(relying_party: RelyingParty, signed_in: Browser, prompt: str) -> None:
    response = relying_party.response(relying_party.request(signed_in, prompt=prompt))
    assert response["error"] == "invalid_request"


@pytest.mark.parametrize("prompt", ["create", "Login", "login,consent", "login unknown"])
def test_unsupported_values_are_refused(relying_party: RelyingParty, signed_in: Browser, prompt: str) -> None:
    answer = relying_party.request(signed_in, prompt=prompt)
    assert relying_party.response(answer)["error"] == "invalid_request"
    assert relying_party.installation.why(answer) == "prompt_unknown"


def test_login_asks_although_there_is_a_session(relying_party: RelyingParty, signed_in: Browser) -> None:
    page = relying_party.request(signed_in, prompt="login")
    assert signed_in.path == "/login"
    assert "already signed in" in page.text
    assert "code" in relying_party.response(signed_in.sign_in(page))


def test_login_is_satisfied_by_a_login_of_this_interaction_alone(
    relying_party: RelyingParty, signed_in: Browser
) -> None:
    first = relying_party.request(signed_in, prompt="login")
    first_url = signed_in.url
    second = relying_party.request(signed_in, prompt="login")
    assert "code" in relying_party.response(signed_in.sign_in(second))
    signed_in.open(first_url.replace("/login", "/oauth2/authorize/resume"))
    assert signed_in.path == "/login"
    assert first.status == 200


def test_consent_asks_although_it_was_remembered(relying_party: RelyingParty, signed_in: Browser) -> None:
    page = relying_party.request(signed_in, prompt="consent")
    assert signed_in.path == "/consent"
    assert "code" in relying_party.response(signed_in.allow(page))


def test_consent_without_a_session_asks_for_the_login_first(relying_party: RelyingParty, signed_in: Browser) -> None:
    other = Browser(relying_party.installation)
    page = relying_party.request(other, prompt="consent")
    assert other.path == "/login"
    page = other.sign_in(page)
    assert other.path == "/consent"
    assert "code" in relying_party.response(other.allow(page))


def test_select_account_shows_the_chooser_for_one_account_too(relying_party: RelyingParty, signed_in: Browser) -> None:
    page = relying_party.request(signed_in, prompt="select_account")
    assert signed_in.path == "/select-account"
    assert "code" in relying_party.response(signed_in.choose(page))


def test_select_account_without_a_session_is_a_login(relying_party: RelyingParty, browser: Browser) -> None:
    relying_party.request(browser, prompt="select_account")
    assert browser.path == "/login"


def test_all_three_ask_in_turn_and_once(relying_party: RelyingParty, signed_in: Browser) -> None:
    page = relying_party.request(signed_in, prompt="consent select_account login")
    assert signed_in.path == "/select-account"
    page = signed_in.choose(page)
    assert signed_in.path == "/login"
    page = signed_in.sign_in(page)
    assert signed_in.path == "/consent"
    assert "code" in relying_party.response(signed_in.allow(page))


@pytest.mark.parametrize("prompt", ["select_account consent", "select_account login consent"])
def test_another_account_weakens_nothing_that_was_asked_for(
    relying_party: RelyingParty, signed_in: Browser, prompt: str
) -> None:
    relying_party.installation.add_user("bob")
    page = relying_party.request(signed_in, prompt=prompt)
    page = signed_in.submit(page, action="other")
    assert signed_in.path == "/login"
    page = signed_in.sign_in(page, "bob")
    assert signed_in.path == "/consent", "consent was asked for, whoever signs in"
    assert "code" in relying_party.response(signed_in.allow(page))


def test_switching_at_the_consent_page_keeps_prompt_consent(relying_party: RelyingParty, signed_in: Browser) -> None:
    page = relying_party.request(signed_in, prompt="consent")
    page = signed_in.submit(page, action="switch")
    assert signed_in.path == "/login"
    page = signed_in.sign_in(page)
    assert signed_in.path == "/consent", "the same person again, whose consent is remembered"
    assert page.status == 200


def test_several_sessions_and_no_hint_is_account_selection_required(
    server: Installation, relying_party: RelyingParty, signed_in: Browser
) -> None:
    server.add_user("bob")
    signed_in.allow(signed_in.sign_in(relying_party.request(signed_in, prompt="login"), "bob"))
    answer = relying_party.request(signed_in, prompt="none")
    assert relying_party.response(answer)["error"] == "account_selection_required"
    answer = relying_party.request(signed_in, prompt="none", login_hint="alice@example.com")
    assert "code" in relying_party.response(answer)
