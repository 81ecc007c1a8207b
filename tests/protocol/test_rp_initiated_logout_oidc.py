"""RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0)."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from authserver.crypto.derivation import encode
from tests.installation import Answer, Installation
from tests.relying_party import Browser, RelyingParty

GOODBYE = "https://app.example/goodbye?from=sso"
STATE = "s" * 128 + " +&%"


@pytest.fixture
def party(server: Installation) -> RelyingParty:
    server.add_user()
    return RelyingParty(server, *server.add_client(post_logout_redirect_uris=(GOODBYE,)))


@pytest.fixture
def browser(party: RelyingParty) -> Browser:
    return Browser(party.installation)


@pytest.fixture
def hint(party: RelyingParty, browser: Browser) -> str:
    return str(party.tokens(browser)["id_token"])


def log_out(browser: Browser, **parameters: Any) -> Answer:
    kept = {name: value for name, value in parameters.items() if value is not None}
    return browser.open(f"/oauth2/logout?{urlencode(kept, doseq=True)}")


def is_signed_in(party: RelyingParty, browser: Browser) -> bool:
    return "code" in party.response(party.request(browser, prompt="none"))


def test_logout_with_everything_returns_with_the_state(party: RelyingParty, browser: Browser, hint: str) -> None:
    answer = log_out(browser, id_token_hint=hint, post_logout_redirect_uri=GOODBYE, state=STATE)
    assert answer.location.startswith(f"{GOODBYE}&state=")
    assert dict(parse_qsl(urlsplit(answer.location).query)) == {"from": "sso", "state": STATE}
    assert not is_signed_in(party, browser)


def test_without_a_state_the_address_is_exactly_the_registered_one(
    party: RelyingParty, browser: Browser, hint: str
) -> None:
    assert log_out(browser, id_token_hint=hint, post_logout_redirect_uri=GOODBYE).location == GOODBYE


def test_without_a_redirect_the_page_says_so(party: RelyingParty, browser: Browser, hint: str) -> None:
    answer = log_out(browser, id_token_hint=hint)
    assert 'id="signed-out"' in answer.text
    assert browser.path == "/signed-out"
    assert not is_signed_in(party, browser)


@pytest.mark.parametrize("parameters", [{}, {"state": "x"}, {"client_id": "app"}])
def test_request_that_proves_nothing_is_confirmed(
    party: RelyingParty, browser: Browser, hint: str, parameters: dict[str, str]
) -> None:
    page = log_out(browser, **parameters)
    assert "logout-yes" in page.text
    assert is_signed_in(party, browser)
    page = log_out(browser, **parameters)
    answer = browser.submit(page, action="yes", follow=False)
    assert (answer.status, answer.location) == (303, "/signed-out")
    assert not is_signed_in(party, browser)


def test_no_means_no(party: RelyingParty, browser: Browser, hint: str) -> None:
    browser.submit(log_out(browser), action="no")
    assert is_signed_in(party, browser)


def test_nobody_signed_in_is_signed_out(party: RelyingParty, browser: Browser) -> None:
    assert 'id="signed-out"' in log_out(browser).text


def test_the_page_at_the_end_stands_alone_and_keeps_the_language(party: RelyingParty, browser: Browser) -> None:
    assert 'id="signed-out"' in party.installation.get("/signed-out").text
    page = log_out(browser, ui_locales="de")
    assert browser.url.endswith("/signed-out?ui_locales=de")
    assert 'lang="de"' in page.text


def test_logging_out_twice_is_as_good_as_once(party: RelyingParty, browser: Browser, hint: str) -> None:
    log_out(browser, id_token_hint=hint)
    assert log_out(browser, id_token_hint=hint, post_logout_redirect_uri=GOODBYE).location == GOODBYE


def unsigned(hint: str) -> str:
    header, payload = encode(b'{"alg":"none"}'), hint.split(".")[1]
    return f"{header}.{payload}."


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"post_logout_redirect_uri": "https://app.example/elsewhere"}, "post_logout_redirect_uri_not_allowed"),
        ({"post_logout_redirect_uri": GOODBYE + "&more=1"}, "post_logout_redirect_uri_not_allowed"),
        ({"post_logout_redirect_uri": [GOODBYE, GOODBYE]}, "parameter_repeated"),
        ({"id_token_hint": None}, "post_logout_redirect_uri_without_hint"),
        ({"id_token_hint": None, "client_id": "app"}, "post_logout_redirect_uri_without_hint"),
        ({"id_token_hint": "rubbish"}, "logout_hint_token_malformed"),
        ({"client_id": "other"}, "logout_client_mismatch"),
    ],
)
def test_nobody_is_redirected_without_proof(
    party: RelyingParty, browser: Browser, hint: str, change: dict[str, Any], reason: str
) -> None:
    given: dict[str, Any] = {"id_token_hint": hint, "post_logout_redirect_uri": GOODBYE}
    answer = log_out(browser, **given | change)
    assert (answer.status, answer.header("Location")) == (400, None)
    assert party.installation.why(answer) == reason
    assert is_signed_in(party, browser)


def test_hint_that_was_tampered_with_proves_nothing(party: RelyingParty, browser: Browser, hint: str) -> None:
    for forged in (unsigned(hint), hint[:-8] + "AAAAAAAA"):
        answer = log_out(browser, id_token_hint=forged, post_logout_redirect_uri=GOODBYE)
        assert (answer.status, answer.header("Location")) == (400, None)
    assert is_signed_in(party, browser)


def test_disabled_application_is_not_returned_to(party: RelyingParty, browser: Browser, hint: str) -> None:
    party.installation.registration.disable("app")
    party.installation.services.clients.forget()
    answer = log_out(browser, id_token_hint=hint, post_logout_redirect_uri=GOODBYE)
    assert (answer.status, answer.header("Location")) == (400, None)


def test_hint_of_another_browser_ends_nothing_unasked(party: RelyingParty, browser: Browser, hint: str) -> None:
    other = Browser(party.installation)
    party.sign_in(other)
    page = log_out(other, id_token_hint=hint)
    assert "logout-yes" in page.text
    assert is_signed_in(party, other)
    assert is_signed_in(party, browser)


def test_confirmed_logout_returns_too(party: RelyingParty, browser: Browser, hint: str) -> None:
    other = Browser(party.installation)
    party.sign_in(other)
    page = log_out(other, id_token_hint=hint, post_logout_redirect_uri=GOODBYE, state=STATE)
    answer = other.submit(page, action="yes")
    assert answer.location.startswith(f"{GOODBYE}&state=")
    assert not is_signed_in(party, other)


def test_request_may_be_posted(party: RelyingParty, browser: Browser, hint: str) -> None:
    form = {"id_token_hint": hint, "post_logout_redirect_uri": GOODBYE}
    answer = browser.open("/oauth2/logout", form=form)
    assert answer.location == GOODBYE
    assert not is_signed_in(party, browser)


def test_post_from_another_site_is_continued_with_the_cookies(party: RelyingParty, browser: Browser, hint: str) -> None:
    form = {"id_token_hint": hint, "post_logout_redirect_uri": GOODBYE}
    stripped = Browser(party.installation)  # what browsers leave out of such a POST
    kept = stripped.open("/oauth2/logout", form=form, headers={"Sec-Fetch-Site": "cross-site"}, follow=False)
    browser.cookies |= stripped.cookies
    assert browser.open(kept.location).location == GOODBYE
    assert not is_signed_in(party, browser)


def test_post_from_another_site_that_proves_nothing_asks(party: RelyingParty, browser: Browser, hint: str) -> None:
    page = browser.open("/oauth2/logout", form={"x": "y"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert "logout-yes" in page.text
    assert is_signed_in(party, browser)


def test_confirmation_cannot_be_forged(party: RelyingParty, browser: Browser, hint: str) -> None:
    page = browser.open("/oauth2/logout")
    assert "logout-yes" in page.text
    answer = browser.open("/oauth2/logout", form={"csrf_token": "guess", "action": "yes"})
    assert answer.status == 403
    assert is_signed_in(party, browser)


def test_metadata_names_the_endpoint(party: RelyingParty) -> None:
    metadata = party.installation.get("/.well-known/openid-configuration").json
    assert metadata["end_session_endpoint"] == f"{party.installation.settings.issuer}/oauth2/logout"
