"""A password that somebody else chose is replaced before anything is issued."""

from __future__ import annotations

from typing import Any

import pytest

from tests.installation import PASSWORD, Installation
from tests.relying_party import Browser, RelyingParty, hidden_fields

NEW = "Another-Staple-8-Horse"


@pytest.fixture
def relying_party(server: Installation) -> RelyingParty:
    server.add_user(password_must_change=True)
    return RelyingParty(server, *server.add_client(policy={"consent": "skip"}))


def change(browser: Browser, page: object, new: str = NEW, repeat: str | None = None, **values: str) -> object:
    return browser.submit(page, new_password=new, repeat_password=new if repeat is None else repeat, **values)


def test_new_password_is_asked_for_and_then_the_journey_goes_on(relying_party: RelyingParty, browser: Browser) -> None:
    page = browser.sign_in(relying_party.request(browser))
    assert browser.path == "/password/change"
    assert "code" in relying_party.response(change(browser, page))
    other = Browser(relying_party.installation)
    assert other.sign_in(relying_party.request(other), password=PASSWORD).status == 401
    assert "code" in relying_party.response(other.sign_in(relying_party.request(other), password=NEW))


@pytest.mark.parametrize(
    ("new", "repeat"), [("", ""), (NEW, "else"), ("short", "short"), (PASSWORD, PASSWORD), ("alice@example.com",) * 2]
)
def test_bad_password_is_refused_with_reasons(
    relying_party: RelyingParty, browser: Browser, new: str, repeat: str
) -> None:
    page = browser.sign_in(relying_party.request(browser))
    page = change(browser, page, new, repeat)
    assert (page.status, browser.path) == (400, "/password/change")
    assert 'role="alert"' in page.text or 'class="error"' in page.text
    assert "code" in relying_party.response(change(browser, page))


def test_cancelled_change_goes_back_to_the_application(relying_party: RelyingParty, browser: Browser) -> None:
    page = browser.sign_in(relying_party.request(browser))
    assert relying_party.response(change(browser, page, action="cancel"))["error"] == "access_denied"
    relying_party.request(browser)
    assert browser.path == "/login", "a session alone does not prove the old password"


def test_prompt_none_cannot_go_around_it(relying_party: RelyingParty, browser: Browser) -> None:
    browser.sign_in(relying_party.request(browser))
    answer = relying_party.request(browser, prompt="none")
    assert relying_party.response(answer)["error"] == "login_required"


def test_session_that_began_with_the_old_password_elsewhere_ends(relying_party: RelyingParty, browser: Browser) -> None:
    """Whoever handed the password out, or read it on the way, may have signed in with it first."""
    stranger = Browser(relying_party.installation)
    stranger.sign_in(relying_party.request(stranger))
    assert stranger.path == "/password/change"
    change(browser, browser.sign_in(relying_party.request(browser)))
    answer = relying_party.request(stranger, prompt="none")
    assert relying_party.response(answer)["error"] == "login_required"
    assert "code" in relying_party.response(relying_party.request(browser, prompt="none"))


def test_page_is_good_once(relying_party: RelyingParty, browser: Browser) -> None:
    page = browser.sign_in(relying_party.request(browser))
    url = browser.url
    change(browser, page)
    answer = browser.open(url)
    assert relying_party.installation.why(answer) == "interaction_finished"


def test_form_from_before_another_login_is_shown_again(relying_party: RelyingParty, browser: Browser) -> None:
    page = browser.sign_in(relying_party.request(browser))
    url = browser.url
    browser.sign_in(relying_party.request(browser))
    browser.url = url
    renewed = change(browser, page)
    assert (renewed.status, browser.path) == (403, "/password/change")
    assert "code" in relying_party.response(change(browser, renewed))


def test_page_takes_nothing_from_somebody_who_has_not_proven_the_old_password(
    relying_party: RelyingParty, browser: Browser
) -> None:
    browser.sign_in(relying_party.request(browser))
    page = relying_party.request(browser, prompt="select_account")
    chooser = browser.url
    page = browser.sign_in(browser.choose(page))
    assert browser.path == "/password/change"
    url = browser.url
    browser.submit(browser.open(chooser), action="other")
    for answer in (browser.open(url), browser.open(url, form=hidden_fields(page) | {"new_password": NEW})):
        assert (answer.status, relying_party.installation.why(answer)) == (400, "interaction_expired")


def test_old_password_proves_nothing_any_more_after_a_reset(relying_party: RelyingParty, browser: Browser) -> None:
    """Whoever signed in with a password that leaked must not keep the account by the form that is still open."""
    server = relying_party.installation
    page = browser.sign_in(relying_party.request(browser))
    with server.unit() as unit:
        user = unit.users.get(server.users["alice"].id)
        server.services.users.reset_password(unit, user, server.services.passwords.prepare("Reset-Staple-9-Horse"))
    answer = change(browser, page)
    assert server.why(answer) == "interaction_expired"
    with server.reading() as unit:
        assert unit.users.get(user.id).password_hash == user.password_hash


def test_closed_account_gets_no_new_password(relying_party: RelyingParty, browser: Browser) -> None:
    server = relying_party.installation
    page = browser.sign_in(relying_party.request(browser))
    with server.unit() as unit:
        user = unit.users.get(server.users["alice"].id)
        server.services.users.disable(unit, user)
    assert server.why(change(browser, page)) == "interaction_expired"
    with server.reading() as unit:
        assert unit.users.get(user.id).password_hash == user.password_hash


def test_account_that_closes_without_ending_its_session_gets_no_new_password(
    relying_party: RelyingParty, browser: Browser
) -> None:
    server = relying_party.installation
    page = browser.sign_in(relying_party.request(browser))
    with server.unit() as unit:
        unit.users.get(server.users["alice"].id).is_active = False
    assert server.why(change(browser, page)) == "interaction_expired"


def test_of_two_new_passwords_at_once_the_first_counts(
    relying_party: RelyingParty, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = relying_party.installation
    services, prepare = server.services, server.services.passwords.prepare
    first = prepare("First-Staple-9-Horse")

    def overtaken(*args: Any) -> Any:
        with server.unit() as unit:
            services.passwords.change(unit, unit.users.get(server.users["alice"].id), first)
        return prepare(*args)

    page = browser.sign_in(relying_party.request(browser))
    monkeypatch.setattr(services.passwords, "prepare", overtaken)
    assert server.why(change(browser, page)) == "interaction_expired"
    with server.reading() as unit:
        assert unit.users.get(server.users["alice"].id).password_hash == first.hash
