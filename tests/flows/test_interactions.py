"""Interactions: bound to one browser and one person; skipping, replaying and reordering pages gains nothing."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from sqlalchemy import select

from authserver.authorize.checks.parameters import UNDERSTOOD
from authserver.storage import Database
from authserver.storage.models.sessions import Interaction
from tests.installation import PASSWORD, Answer, Installation, install
from tests.relying_party import Browser, RelyingParty, hidden_fields


def handle_of(browser: Browser) -> str:
    return parse_qs(urlsplit(browser.url).query)["interaction"][0]


def resume(browser: Browser, handle: str) -> Answer:
    return browser.open(f"/oauth2/authorize/resume?interaction={handle}")


def at_consent(party: RelyingParty, browser: Browser) -> Answer:
    page = browser.sign_in(party.request(browser))
    assert browser.path == "/consent"
    return page


def test_only_what_is_understood_is_kept(relying_party: RelyingParty, browser: Browser) -> None:
    relying_party.request(browser, tracking="x" * 5000, claims_locales="y" * 1000, ui_locales="de")
    with relying_party.installation.reading() as unit:
        interaction = unit.session.scalars(select(Interaction)).one()
    kept = dict(interaction.request["pairs"])
    assert kept.keys() <= UNDERSTOOD
    assert kept["ui_locales"] == "de"


def test_a_request_that_is_too_long_to_keep_is_a_page_that_names_the_limit(
    relying_party: RelyingParty, browser: Browser
) -> None:
    form = {"client_id": "app", "state": "s" * 4000, "id_token_hint": "h" * 8000, "nonce": "n" * 2000}
    answer = browser.open("/oauth2/authorize", form=form, follow=False)
    assert answer.status == 400
    assert "12288 bytes" in answer.text
    assert relying_party.installation.why(answer) == "request_too_long"
    with relying_party.installation.reading() as unit:
        assert unit.session.scalars(select(Interaction)).all() == []


@pytest.mark.parametrize("path", ["/login", "/oauth2/authorize/resume"])
def test_link_opened_in_another_browser_gains_nothing_and_says_why(
    relying_party: RelyingParty, browser: Browser, path: str
) -> None:
    relying_party.request(browser)
    stranger = Browser(relying_party.installation)
    answer = stranger.open(browser.url.replace("/login", path))
    assert answer.status == 400
    assert "This began in another browser" in answer.text
    assert relying_party.installation.why(answer) == "interaction_from_other_browser"
    assert "username" not in answer.text


def test_link_does_not_ride_on_a_strangers_session(relying_party: RelyingParty, browser: Browser) -> None:
    """Somebody sends a link to a sign-in that is nearly done to a person who is signed in."""
    at_consent(relying_party, browser)
    victim = Browser(relying_party.installation)
    relying_party.sign_in(victim)
    for path in ("/consent", "/oauth2/authorize/resume"):
        answer = victim.open(browser.url.replace("/consent", path))
        assert relying_party.installation.why(answer) == "interaction_from_other_browser"


def test_form_of_another_browser_is_not_taken(relying_party: RelyingParty, browser: Browser) -> None:
    page = relying_party.request(browser)
    stranger = Browser(relying_party.installation)
    relying_party.request(stranger)
    form = hidden_fields(page) | {"username": "alice", "password": PASSWORD}
    answer = stranger.open(browser.url, form=form)
    assert (answer.status, relying_party.installation.why(answer)) == (403, "csrf_token")


@pytest.mark.parametrize("path", ["/consent", "/select-account", "/password/change"])
def test_steps_cannot_be_skipped(relying_party: RelyingParty, browser: Browser, path: str) -> None:
    relying_party.request(browser)
    answer = browser.open(browser.url.replace("/login", path))
    assert (answer.status, relying_party.installation.why(answer)) == (400, "step_not_dispatched")


def test_verifier_of_another_interaction_opens_nothing(relying_party: RelyingParty, browser: Browser) -> None:
    relying_party.request(browser)
    first = parse_qs(urlsplit(browser.url).query)
    relying_party.request(browser)
    answer = browser.open(f"/login?interaction={handle_of(browser)}&step={first['step'][0]}")
    assert relying_party.installation.why(answer) == "step_not_dispatched"


@pytest.mark.parametrize("step", ["", "&step=", "&step=%C3%BC", "&step=AAAA"])
def test_step_without_its_verifier_opens_nothing(relying_party: RelyingParty, browser: Browser, step: str) -> None:
    relying_party.request(browser)
    answer = browser.open(f"/login?interaction={handle_of(browser)}{step}")
    assert (answer.status, relying_party.installation.why(answer)) == (400, "step_not_dispatched")


def test_going_back_to_the_endpoint_early_gains_nothing(relying_party: RelyingParty, browser: Browser) -> None:
    relying_party.request(browser)
    resume(browser, handle_of(browser))
    assert browser.path == "/login"
    at_consent(relying_party, browser)
    resume(browser, handle_of(browser))
    assert browser.path == "/consent"


@pytest.mark.parametrize("handle", ["", "rubbish", "%C3%BC", "A" * 54])
def test_unknown_interaction_is_an_expired_page(server: Installation, handle: str) -> None:
    for path in ("/login", "/consent", "/oauth2/authorize/resume"):
        answer = server.get(f"{path}?interaction={handle}&step=x")
        assert (answer.status, server.why(answer)) == (400, "interaction_unknown")
        assert "This page has expired" in answer.text


def test_finished_interaction_is_not_answered_twice(relying_party: RelyingParty, browser: Browser) -> None:
    page = at_consent(relying_party, browser)
    url, handle = browser.url, handle_of(browser)
    assert "code" in relying_party.response(browser.allow(page))
    for answer in (resume(browser, handle), browser.open(url), browser.open(url, form=hidden_fields(page))):
        assert answer.status == 400
        assert "You have already finished here" in answer.text
        assert relying_party.installation.why(answer) == "interaction_finished"


def test_second_click_on_allow_makes_no_second_code(relying_party: RelyingParty, browser: Browser) -> None:
    page = at_consent(relying_party, browser)
    url = browser.url
    first = browser.submit(page, action="allow", follow=False)
    browser.url = url
    again = browser.submit(page, action="allow", follow=False)
    answers = [browser.open(answer.location, follow=False) for answer in (first, again)]
    assert [answer.status for answer in answers] == [303, 400]


def test_refused_interaction_is_over(relying_party: RelyingParty, browser: Browser) -> None:
    page = at_consent(relying_party, browser)
    handle = handle_of(browser)
    assert relying_party.response(browser.submit(page, action="deny"))["error"] == "access_denied"
    assert relying_party.installation.why(resume(browser, handle)) == "interaction_finished"


def test_expired_interaction_offers_the_way_back(
    frozen_time: time_machine.Traveller, relying_party: RelyingParty, browser: Browser
) -> None:
    page = relying_party.request(browser)
    frozen_time.shift(relying_party.installation.settings.interaction_ttl + 1)
    for answer in (browser.open(browser.url), browser.sign_in(page), resume(browser, handle_of(browser))):
        assert (answer.status, relying_party.installation.why(answer)) == (400, "interaction_expired")
        assert "This page has expired" in answer.text
        assert 'id="back" href="https://app.example/"' in answer.text


def test_two_tabs_are_two_interactions(relying_party: RelyingParty, browser: Browser) -> None:
    first = relying_party.request(browser, state="first")
    first_url = browser.url
    second = relying_party.request(browser, state="second")
    answer = browser.allow(browser.sign_in(second))
    assert relying_party.response(answer)["state"] == "second"
    browser.url = first_url
    renewed = browser.sign_in(first)
    assert renewed.status == 403, "its form was made for the cookies from before the login"
    assert "This page was open for a long time" in renewed.text
    assert 'value="alice"' in renewed.text
    assert relying_party.response(browser.sign_in(renewed))["state"] == "first"


def test_consent_page_of_an_older_tab_is_shown_again(relying_party: RelyingParty, browser: Browser) -> None:
    page = at_consent(relying_party, browser)
    url = browser.url
    browser.sign_in(relying_party.request(browser, prompt="login"))
    browser.url = url
    renewed = browser.allow(page)
    assert (renewed.status, browser.path) == (403, "/consent")
    assert "code" in relying_party.response(browser.allow(renewed))


def test_back_button_to_the_login_page_works(relying_party: RelyingParty, browser: Browser) -> None:
    relying_party.request(browser)
    url = browser.url
    browser.sign_in(browser.open(url))
    assert browser.path == "/consent"
    page = browser.open(url)
    assert page.status == 200
    page = browser.sign_in(page)
    assert browser.path == "/consent"
    assert "code" in relying_party.response(browser.allow(page))


def test_consent_of_one_person_never_serves_another(relying_party: RelyingParty, browser: Browser) -> None:
    """Alice allows, then goes back and signs in as Bob: Bob is asked himself."""
    relying_party.installation.add_user("bob")
    relying_party.request(browser)
    login = browser.url
    page = browser.sign_in(browser.open(login))
    browser.submit(page, action="allow", follow=False)
    browser.sign_in(browser.open(login), "bob")
    assert browser.path == "/consent"


def test_consent_dies_with_the_session_it_was_given_in(relying_party: RelyingParty, browser: Browser) -> None:
    """Alice allows and is signed out before the answer: Bob, signed in beside her, does not inherit it."""
    server = relying_party.installation
    server.add_user("bob")
    relying_party.sign_in(browser, "bob")
    browser.sign_in(relying_party.request(browser, prompt="login"), "alice")
    page = browser.choose(relying_party.request(browser), "alice")
    assert browser.path == "/consent"
    allowed = browser.submit(page, action="allow", follow=False)
    with server.unit() as unit:
        (session,) = unit.sessions.of_user(server.users["alice"].id)
        server.services.sessions.sign_out(unit, session)
    browser.open(allowed.location)
    assert browser.path == "/login"


def test_consent_is_not_taken_from_a_session_that_is_over(relying_party: RelyingParty, browser: Browser) -> None:
    server, page = relying_party.installation, at_consent(relying_party, browser)
    with server.unit() as unit:
        (session,) = unit.sessions.of_user(server.users["alice"].id)
        server.services.sessions.sign_out(unit, session)
    assert server.why(browser.allow(page)) == "interaction_expired"
    with server.reading() as unit:
        assert unit.consents.find(session.user_id, "app") is None


def test_consent_is_not_taken_for_a_session_of_another_browser(relying_party: RelyingParty, browser: Browser) -> None:
    server, elsewhere = relying_party.installation, Browser(relying_party.installation)
    server.add_user("bob")
    relying_party.sign_in(elsewhere, "bob")
    page = at_consent(relying_party, browser)
    with server.unit() as unit:
        (theirs,) = unit.sessions.of_user(server.users["bob"].id)
        unit.session.query(Interaction).filter(Interaction.consumed_at.is_(None)).update({"session_id": theirs.id})
    assert server.why(browser.allow(page)) == "interaction_expired"


def test_sign_in_elsewhere_in_the_browser_counts_for_a_waiting_one(
    relying_party: RelyingParty, browser: Browser
) -> None:
    relying_party.request(browser)
    handle = handle_of(browser)
    browser.sign_in(relying_party.request(browser))
    page = resume(browser, handle)
    assert browser.path == "/consent"
    assert "code" in relying_party.response(browser.allow(page))


def test_browser_that_was_forgotten_begins_anew(relying_party: RelyingParty, signed_in: Browser) -> None:
    from sqlalchemy import text

    with relying_party.installation.unit() as unit:
        unit.session.execute(text("DELETE FROM browsers"))
    answer = relying_party.request(signed_in, prompt="none")
    assert relying_party.response(answer)["error"] == "login_required"
    page = relying_party.request(signed_in)
    assert signed_in.path == "/login"
    assert "code" in relying_party.response(signed_in.sign_in(page))


def test_client_disabled_between_pages(relying_party: RelyingParty, browser: Browser) -> None:
    server, page = relying_party.installation, relying_party.request(browser)
    handle = handle_of(browser)
    server.registration.disable("app")
    server.services.clients.forget()
    for answer in (browser.sign_in(page), resume(browser, handle)):
        assert (answer.status, server.why(answer)) == (400, "client_disabled")
        assert "Acme Photos" not in answer.text


def test_redirect_uri_unregistered_between_pages(relying_party: RelyingParty, browser: Browser) -> None:
    server, page = relying_party.installation, at_consent(relying_party, browser)
    with server.unit() as unit:
        unit.clients.find("app").redirect_uris = ["https://app.example/other"]
        unit.versions.bump("clients")
    server.services.clients.forget()
    answer = browser.allow(page)
    assert (answer.status, answer.header("Location")) == (400, None)
    assert server.why(answer) == "redirect_uri_not_registered"


def test_person_disabled_between_pages(relying_party: RelyingParty, browser: Browser) -> None:
    server, page = relying_party.installation, at_consent(relying_party, browser)
    handle = handle_of(browser)
    with server.unit() as unit:
        unit.users.get(server.users["alice"].id).status = "disabled"
    assert server.why(browser.allow(page)) == "interaction_expired"
    resume(browser, handle)
    assert browser.path == "/login"
    with server.reading() as unit:
        assert unit.consents.find(server.users["alice"].id, "app") is None


def test_login_posted_twice_at_once_is_one_session(
    database: Database, make_settings: Callable[..., object], migrated_url: str
) -> None:
    server = install(make_settings(database_url=migrated_url))
    server.add_user()
    party, browser = RelyingParty(server, *server.add_client()), Browser(server)
    page = party.request(browser)
    twins = [Browser(server, dict(browser.cookies), browser.url) for _ in range(8)]
    with ThreadPoolExecutor(len(twins)) as pool:
        answers = list(pool.map(lambda twin: twin.sign_in(page, follow=False), twins))
    assert sorted(answer.status for answer in answers) == [303, *[400] * 7]
    with server.reading() as unit:
        assert len(unit.sessions.of_user(server.users["alice"].id)) == 1
    winner = next(twin for twin, answer in zip(twins, answers, strict=True) if answer.status == 303)
    assert "code" in party.sign_in(winner)
    server.services.close()


def test_two_tabs_posted_at_once_leave_the_browser_with_good_cookies(
    database: Database, make_settings: Callable[..., object], migrated_url: str
) -> None:
    server = install(make_settings(database_url=migrated_url))
    server.add_user()
    party, browser = RelyingParty(server, *server.add_client()), Browser(server)
    tabs = [(party.request(browser), browser.url) for _ in range(8)]
    twins = [Browser(server, dict(browser.cookies), url) for _, url in tabs]
    with ThreadPoolExecutor(len(twins)) as pool:
        answers = list(pool.map(lambda twin, tab: twin.sign_in(tab[0], follow=False), twins, tabs))
    assert sorted(answer.status for answer in answers) == [303, *[400] * 7]
    with server.reading() as unit:
        assert len(unit.sessions.of_user(server.users["alice"].id)) == 1
    winner = next(twin for twin, answer in zip(twins, answers, strict=True) if answer.status == 303)
    assert "code" in party.sign_in(winner)
    server.services.close()


def test_resumed_twice_at_once_is_one_code(
    database: Database, make_settings: Callable[..., object], migrated_url: str
) -> None:
    server = install(make_settings(database_url=migrated_url))
    server.add_user()
    party, browser = RelyingParty(server, *server.add_client()), Browser(server)
    page = at_consent(party, browser)
    allowed = browser.submit(page, action="allow", follow=False)
    twins = [Browser(server, dict(browser.cookies)) for _ in range(8)]
    with ThreadPoolExecutor(len(twins)) as pool:
        answers = list(pool.map(lambda twin: twin.open(allowed.location), twins))
    assert sorted(answer.status for answer in answers) == [303, *[400] * 7]
    server.services.close()
