"""Sessions: how they begin, what keeps them apart, and what ends with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine

from authserver.storage.models.grants import Grant
from tests.installation import PASSWORD, Answer, Installation
from tests.relying_party import Browser, RelyingParty, claims_of, hidden_fields

OFFLINE = "openid offline_access"


def log_out(party: RelyingParty, browser: Browser, tokens: dict[str, Any]) -> Answer:
    return browser.open(f"/oauth2/logout?id_token_hint={tokens['id_token']}")


def is_active(party: RelyingParty, token: str) -> bool:
    return bool(party.introspect(token)["active"])


def test_both_cookies_are_new_after_a_login_and_the_old_ones_dead(
    relying_party: RelyingParty, browser: Browser
) -> None:
    page = relying_party.request(browser)
    before = Browser(relying_party.installation, dict(browser.cookies), browser.url)
    browser.sign_in(page)
    assert set(before.cookies) == set(browser.cookies)
    assert not set(before.cookies.values()) & set(browser.cookies.values())
    assert relying_party.installation.why(before.open(before.url)) == "interaction_from_other_browser"
    answer = relying_party.request(before, prompt="none")
    assert relying_party.response(answer)["error"] == "login_required"


def test_session_cannot_be_fixed_by_planting_cookies(relying_party: RelyingParty) -> None:
    """The attacker begins, plants the cookies and the link, and waits for the victim to sign in."""
    attacker = Browser(relying_party.installation)
    page = relying_party.request(attacker)
    victim = Browser(relying_party.installation, dict(attacker.cookies), attacker.url)
    victim.allow(victim.sign_in(page))
    answer = relying_party.request(attacker, prompt="none")
    assert relying_party.response(answer)["error"] == "login_required"


def test_cookies_rotate_again_at_the_next_login(relying_party: RelyingParty, signed_in: Browser) -> None:
    before = Browser(relying_party.installation, dict(signed_in.cookies))
    signed_in.sign_in(relying_party.request(signed_in, prompt="login"))
    answer = relying_party.request(before, prompt="none")
    assert relying_party.response(answer)["error"] == "login_required"


def test_page_cookie_alone_answers_no_request(relying_party: RelyingParty, signed_in: Browser) -> None:
    names = relying_party.installation.mounted.border.cookies
    del signed_in.cookies[names.sso_name]
    answer = relying_party.request(signed_in, prompt="none")
    assert relying_party.response(answer)["error"] == "login_required"


def test_page_cookie_alone_resumes_nothing(relying_party: RelyingParty, browser: Browser) -> None:
    browser.sign_in(relying_party.request(browser))
    handle = parse_qs(urlsplit(browser.url).query)["interaction"][0]
    del browser.cookies[relying_party.installation.mounted.border.cookies.sso_name]
    answer = browser.open(f"/oauth2/authorize/resume?interaction={handle}")
    assert relying_party.installation.why(answer) == "interaction_from_other_browser"


def test_single_sign_on_cookie_alone_opens_no_page(relying_party: RelyingParty, browser: Browser) -> None:
    page = relying_party.request(browser)
    names = relying_party.installation.mounted.border.cookies
    del browser.cookies[names.page_name]
    assert relying_party.installation.why(browser.open(browser.url)) == "interaction_from_other_browser"
    assert relying_party.installation.why(browser.sign_in(page)) == "csrf_token"
    assert browser.open(relying_party.authorization_url()).status == 200
    assert names.page_name in browser.cookies, "the endpoint gives it back"


def test_sid_is_stable_for_session_and_client(relying_party: RelyingParty, signed_in: Browser) -> None:
    sids = [claims_of(relying_party.tokens(signed_in)["id_token"])["sid"] for _ in range(2)]
    signed_in.sign_in(relying_party.request(signed_in, prompt="login"))
    sids.append(claims_of(relying_party.tokens(signed_in)["id_token"])["sid"])
    assert len(set(sids)) == 1


def test_sid_differs_between_clients_and_sessions(relying_party: RelyingParty, signed_in: Browser) -> None:
    server = relying_party.installation
    other_client = RelyingParty(server, *server.add_client("other"))
    sids = {
        claims_of(party.tokens(browser)["id_token"])["sid"]
        for party, browser in (
            (relying_party, signed_in),
            (other_client, signed_in),
            (relying_party, Browser(server)),
        )
    }
    assert len(sids) == 3


def test_session_is_shared_between_applications(relying_party: RelyingParty, signed_in: Browser) -> None:
    server = relying_party.installation
    other = RelyingParty(server, *server.add_client("other", policy={"consent": "skip"}))
    assert "code" in other.response(other.request(signed_in, prompt="none"))


def test_logout_ends_the_session_and_what_hangs_on_it(relying_party: RelyingParty, browser: Browser) -> None:
    tokens = relying_party.tokens(browser)
    pure = relying_party.tokens(browser, scope=None)
    log_out(relying_party, browser, tokens)
    assert not is_active(relying_party, tokens["access_token"])
    assert relying_party.userinfo(tokens["access_token"]).status == 401
    assert relying_party.refresh(pure["refresh_token"]).json["error"] == "invalid_grant"
    answer = relying_party.request(browser, prompt="none")
    assert relying_party.response(answer)["error"] == "login_required"


def test_code_of_an_ended_session_is_worth_nothing(relying_party: RelyingParty, browser: Browser) -> None:
    tokens, code = relying_party.tokens(browser), relying_party.code(browser)
    log_out(relying_party, browser, tokens)
    assert relying_party.redeem(code).json["error"] == "invalid_grant"


def test_offline_access_outlives_logout(relying_party: RelyingParty, browser: Browser) -> None:
    tokens = relying_party.tokens(browser, scope=OFFLINE)
    log_out(relying_party, browser, tokens)
    assert not is_active(relying_party, tokens["access_token"]), "access tokens of the session end all the same"
    refreshed = relying_party.refresh(tokens["refresh_token"])
    assert refreshed.status == 200
    assert is_active(relying_party, refreshed.json["access_token"])


def test_logout_revokes_the_grants_of_the_session_but_the_offline_ones(
    relying_party: RelyingParty, browser: Browser
) -> None:
    tokens = relying_party.tokens(browser)
    relying_party.tokens(browser, scope=OFFLINE)
    log_out(relying_party, browser, tokens)
    with relying_party.installation.reading() as unit:
        ended = {grant.offline: grant.revoked_at is not None for grant in unit.session.query(Grant)}
    assert ended == {False: True, True: False}


def test_logout_in_one_browser_leaves_the_other(relying_party: RelyingParty, browser: Browser) -> None:
    elsewhere = Browser(relying_party.installation)
    tokens, others = relying_party.tokens(browser), relying_party.tokens(elsewhere)
    log_out(relying_party, browser, tokens)
    assert is_active(relying_party, others["access_token"])


@pytest.fixture
def party(frozen_time: time_machine.Traveller, make_server: Callable[..., Installation]) -> RelyingParty:
    server = make_server()
    server.add_user()
    return RelyingParty(server, *server.add_client())


def sign_in(party: RelyingParty, browser: Browser, **values: str) -> list[str]:
    """Sign in and allow; the Set-Cookie headers of the login."""
    page = party.request(browser)
    form = hidden_fields(page) | {"username": "alice", "password": PASSWORD, "action": "login"} | values
    answer = browser.open(browser.url, form=form, follow=False)
    page = browser.open(answer.location)
    if browser.path == "/consent":
        browser.allow(page)
    return answer.all("Set-Cookie")


def lives(party: RelyingParty, browser: Browser) -> bool:
    return "code" in party.response(party.request(browser, prompt="none"))


def test_session_that_is_not_remembered_ends_after_half_a_day(
    party: RelyingParty, frozen_time: time_machine.Traveller
) -> None:
    browser = Browser(party.installation)
    assert all("Max-Age" not in header for header in sign_in(party, browser))
    frozen_time.shift(12 * 3600 - 1)
    assert lives(party, browser)
    frozen_time.shift(2)
    assert not lives(party, browser)


def test_remembered_session_lives_while_it_is_used(party: RelyingParty, frozen_time: time_machine.Traveller) -> None:
    browser = Browser(party.installation)
    assert all("Max-Age=2592000" in header for header in sign_in(party, browser, remember="yes"))
    for _ in range(4):
        frozen_time.shift(6 * 86400)
        assert lives(party, browser)
    frozen_time.shift(6 * 86400 + 1)
    assert not lives(party, browser), "30 days at most"


def test_remembered_session_ends_when_it_is_not_used(party: RelyingParty, frozen_time: time_machine.Traveller) -> None:
    browser = Browser(party.installation)
    sign_in(party, browser, remember="yes")
    frozen_time.shift(7 * 86400 + 1)
    assert not lives(party, browser)


def test_newer_login_renews_the_session_and_its_remembering(
    party: RelyingParty, frozen_time: time_machine.Traveller
) -> None:
    browser = Browser(party.installation)
    sign_in(party, browser)
    frozen_time.shift(11 * 3600)
    browser.sign_in(party.request(browser, prompt="login"), remember="yes")
    frozen_time.shift(5 * 86400)
    assert lives(party, browser)


def test_expiry_ends_what_hangs_on_the_session_but_no_offline_grant(
    party: RelyingParty, frozen_time: time_machine.Traveller
) -> None:
    browser = Browser(party.installation)
    offline = party.tokens(browser, scope=OFFLINE)
    pure = party.tokens(browser, scope=None)
    frozen_time.shift(12 * 3600 + 1)
    assert party.refresh(pure["refresh_token"]).json["error"] == "invalid_grant"
    assert party.refresh(offline["refresh_token"]).status == 200


def test_home_page_says_who_is_signed_in_and_signs_out(relying_party: RelyingParty, signed_in: Browser) -> None:
    page = signed_in.open("/")
    assert "alice" in page.text
    answer = signed_in.open("/oauth2/logout", form=hidden_fields(page) | {"action": "yes"})
    assert 'id="signed-out"' in answer.text
    assert "alice" not in signed_in.open("/").text
