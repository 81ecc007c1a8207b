"""Authorization requests that another site posts: kept for 60 s, bound to a cookie, continued by GET."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
import time_machine
from sqlalchemy import select

from authserver.storage.models.state import EphemeralValue
from tests.installation import Answer
from tests.relying_party import Browser, RelyingParty

CROSS_SITE = {"Sec-Fetch-Site": "cross-site", "Origin": "https://app.example"}


@pytest.fixture
def browser(relying_party: RelyingParty) -> Browser:
    """A browser in which alice is signed in."""
    browser = Browser(relying_party.installation)
    relying_party.sign_in(browser)
    return browser


def post(party: RelyingParty, browser: Browser, headers: dict[str, str], **parameters: object) -> Answer:
    """POST without the cookies that a browser leaves out, and keep those that come back."""
    stripped = Browser(party.installation)
    form = dict(parse_qsl(urlsplit(party.authorization_url(**parameters)).query))
    answer = stripped.open("/oauth2/authorize", form=form, headers=headers, follow=False)
    browser.cookies |= stripped.cookies
    return answer


def test_session_is_seen_although_the_post_came_without_cookies(relying_party: RelyingParty, browser: Browser) -> None:
    before = dict(browser.cookies)
    kept = post(relying_party, browser, CROSS_SITE, prompt="none")
    assert kept.status == 303
    response = relying_party.response(browser.open(kept.location))
    assert "code" in response
    assert before.items() <= browser.cookies.items(), "the browser keeps being the one it was"


def test_only_what_is_understood_is_kept(relying_party: RelyingParty, browser: Browser) -> None:
    kept = post(relying_party, browser, CROSS_SITE, tracking="x" * 5000)
    assert kept.status == 303
    with relying_party.installation.reading() as unit:
        (row,) = unit.session.scalars(select(EphemeralValue).where(EphemeralValue.key.contains("posted:")))
    assert b"redirect_uri" in row.value
    assert b"tracking" not in row.value


@pytest.mark.parametrize("origin", ["https://app.example", "null", "http://127.0.0.1:9"])
def test_browser_that_says_only_where_it_came_from_is_understood(
    relying_party: RelyingParty, browser: Browser, origin: str
) -> None:
    kept = post(relying_party, browser, {"Origin": origin}, prompt="none")
    assert "kept=" in kept.location


@pytest.mark.parametrize(
    "headers",
    [{}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "http://127.0.0.1:8000"}],
)
def test_request_from_the_same_site_is_handled_at_once(
    relying_party: RelyingParty, browser: Browser, headers: dict[str, str]
) -> None:
    form = dict(parse_qsl(urlsplit(relying_party.authorization_url()).query))
    answer = browser.open("/oauth2/authorize", form=form, headers=headers, follow=False)
    assert "code" in relying_party.response(answer)


def test_it_is_good_for_a_minute(
    frozen_time: time_machine.Traveller, relying_party: RelyingParty, browser: Browser
) -> None:
    kept = post(relying_party, browser, CROSS_SITE)
    frozen_time.shift(59)
    assert "code" in relying_party.response(browser.open(kept.location))
    frozen_time.shift(2)
    answer = browser.open(kept.location)
    assert (answer.status, relying_party.installation.why(answer)) == (400, "posted_request_expired")


def test_it_is_bound_to_the_cookie(relying_party: RelyingParty, browser: Browser) -> None:
    kept = post(relying_party, browser, CROSS_SITE)
    stranger = Browser(relying_party.installation)
    answer = stranger.open(kept.location)
    assert (answer.status, relying_party.installation.why(answer)) == (400, "posted_request_unbound")
    relying_party.sign_in(stranger)
    post(relying_party, stranger, CROSS_SITE)
    assert stranger.open(kept.location).status == 400, "the cookie of another kept request"


def test_it_is_continued_where_it_was_posted_alone(relying_party: RelyingParty, browser: Browser) -> None:
    kept = post(relying_party, browser, CROSS_SITE)
    answer = browser.open(kept.location.replace("/authorize?", "/logout?"))
    assert (answer.status, relying_party.installation.why(answer)) == (400, "posted_request_unbound")


def test_handle_that_we_never_issued_is_refused(relying_party: RelyingParty, browser: Browser) -> None:
    post(relying_party, browser, CROSS_SITE)
    for value in ("x", "ü", "A" * 54):
        assert browser.open(f"/oauth2/authorize?kept={value}").status == 400


def test_strangers_cannot_fill_the_store(relying_party: RelyingParty, browser: Browser) -> None:
    for parameters in ({"client_id": "nobody"}, {"redirect_uri": "https://evil.example/"}):
        answer = post(relying_party, browser, CROSS_SITE, **parameters)
        assert answer.status == 400
        assert answer.header("Set-Cookie") is None
    refused = post(relying_party, browser, CROSS_SITE, scope=" ")
    assert relying_party.response(refused)["error"] == "invalid_scope"


def test_parameters_are_checked_again(relying_party: RelyingParty, browser: Browser) -> None:
    kept = post(relying_party, browser, CROSS_SITE)
    server = relying_party.installation
    server.registration.disable("app")
    server.services.clients.forget()
    answer = browser.open(kept.location)
    assert (answer.status, server.why(answer)) == (400, "client_disabled")
