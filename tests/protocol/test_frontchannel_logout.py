"""Front-channel logout (OpenID Connect Front-Channel Logout 1.0); suite: oidcc-frontchannel-rp-initiated-logout."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from authserver.clients.extensions import Extensions
from tests.installation import Answer, Installation
from tests.relying_party import Browser, RelyingParty, claims_of

GOODBYE = "https://app.example/goodbye"
FRONT = "https://app.example/front?tenant=1"
FRAME = re.compile(r'<iframe src="([^"]*)"')


def add_party(server: Installation, client_id: str = "app", front: str | None = FRONT, **values: Any) -> RelyingParty:
    extended = Extensions(frontchannel_logout_uri=front, frontchannel_logout_session_required=True)
    given = {"extensions": extended, "post_logout_redirect_uris": (GOODBYE,)} | values
    return RelyingParty(server, *server.add_client(client_id, **given))


@pytest.fixture
def party(server: Installation) -> RelyingParty:
    server.add_user()
    return add_party(server)


@pytest.fixture
def browser(server: Installation) -> Browser:
    return Browser(server)


@pytest.fixture
def hint(party: RelyingParty, browser: Browser) -> str:
    return str(party.tokens(browser)["id_token"])


def log_out(browser: Browser, **parameters: str) -> Answer:
    return browser.open(f"/oauth2/logout?{urlencode(parameters)}")


def frames(page: Answer) -> list[str]:
    return [html.unescape(address) for address in FRAME.findall(page.text)]


def policy(page: Answer) -> dict[str, str]:
    directives = (page.header("Content-Security-Policy") or "").split("; ")
    return dict(directive.split(" ", 1) for directive in directives)


def test_page_loads_the_address_with_issuer_and_session(
    party: RelyingParty, browser: Browser, hint: str, server: Installation
) -> None:
    [address] = frames(log_out(browser, id_token_hint=hint))
    assert address.startswith(f"{FRONT}&")
    told = dict(parse_qsl(urlsplit(address).query))
    assert told == {"tenant": "1", "iss": server.settings.issuer, "sid": claims_of(hint)["sid"]}


def test_page_then_goes_back_to_the_application(party: RelyingParty, browser: Browser, hint: str) -> None:
    page = log_out(browser, id_token_hint=hint, post_logout_redirect_uri=GOODBYE, state="s&1")
    assert (page.status, page.header("Location")) == (200, None)
    assert f'id="continue" href="{GOODBYE}?state=s%261"' in page.text
    assert "frontchannel_logout.js" in page.text
    assert 'id="signed-out"' in page.text


def test_frames_are_allowed_for_the_origins_on_the_page_alone(
    server: Installation, party: RelyingParty, browser: Browser, hint: str
) -> None:
    elsewhere = ("https://other.example:8443/callback",)
    other = add_party(server, "other", "https://other.example:8443/out", redirect_uris=elsewhere)
    other.redirect_uri = elsewhere[0]
    other.code(browser)
    page = log_out(browser, id_token_hint=hint)
    assert len(frames(page)) == 2
    assert policy(page)["frame-src"] == "https://app.example https://other.example:8443"
    assert policy(page)["default-src"] == policy(page)["frame-ancestors"] == "'none'"


def test_frames_cannot_take_the_page_away(party: RelyingParty, browser: Browser, hint: str) -> None:
    page = log_out(browser, id_token_hint=hint)
    assert 'sandbox="allow-scripts allow-same-origin allow-forms"' in page.text


def test_clients_that_got_nothing_in_the_session_are_not_told(
    server: Installation, party: RelyingParty, browser: Browser, hint: str
) -> None:
    add_party(server, "unvisited")
    elsewhere = Browser(server)
    add_party(server, "visited-elsewhere").code(elsewhere)
    assert len(frames(log_out(browser, id_token_hint=hint))) == 1


def test_confirmed_logout_tells_too(party: RelyingParty, browser: Browser, hint: str) -> None:
    page = browser.submit(log_out(browser), action="yes")
    assert len(frames(page)) == 1
    assert 'id="continue"' not in page.text


def test_without_such_clients_nothing_is_in_between(server: Installation, browser: Browser) -> None:
    server.add_user()
    party = add_party(server, front=None)
    hint = party.tokens(browser)["id_token"]
    assert log_out(browser, id_token_hint=hint, post_logout_redirect_uri=GOODBYE).location == GOODBYE


def test_disabled_client_is_not_loaded(server: Installation, party: RelyingParty, browser: Browser, hint: str) -> None:
    server.registration.disable("app")
    server.services.clients.forget()
    page = browser.submit(log_out(browser), action="yes")
    assert frames(page) == []


def test_visit_that_ends_nothing_loads_nothing(party: RelyingParty, browser: Browser, hint: str) -> None:
    log_out(browser, id_token_hint=hint)
    again = log_out(browser, id_token_hint=hint, post_logout_redirect_uri=GOODBYE)
    assert again.location == GOODBYE


def test_metadata_offers_it(server: Installation) -> None:
    metadata = server.get("/.well-known/openid-configuration").json
    assert metadata["frontchannel_logout_supported"] is True
    assert metadata["frontchannel_logout_session_supported"] is True
