"""Native applications: loopback ports, private-use schemes, and no silent approval (RFC 8252)."""

from __future__ import annotations

import pytest

from authserver.protocol.redirect_uris import is_native_callback, matches_registered
from tests.installation import Installation
from tests.relying_party import Browser, RelyingParty

SCHEME = "com.example.app:/callback"
REGISTERED = ("http://127.0.0.1/callback", "http://[::1]/callback", "http://localhost:8400/callback", SCHEME)


@pytest.fixture
def party(server: Installation) -> RelyingParty:
    server.add_user()
    server.add_client(
        "native",
        application_type="native",
        token_endpoint_auth_method="none",
        redirect_uris=(*REGISTERED, "https://app.example/claimed"),
    )
    return RelyingParty(server, "native", redirect_uri=SCHEME)


def leads_to(party: RelyingParty, uri: str) -> bool:
    answer = party.request(Browser(party.installation), redirect_uri=uri, prompt="none")
    if answer.status == 400:
        assert party.installation.why(answer) == "redirect_uri_not_registered"
        return False
    assert answer.location.startswith(f"{uri}?error=login_required")
    return True


@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1/callback",
        "http://127.0.0.1:1/callback",
        "http://127.0.0.1:65535/callback",
        "http://[::1]:51004/callback",
        "http://localhost:51004/callback",
        SCHEME,
    ],
)
def test_any_port_on_loopback_is_good(party: RelyingParty, uri: str) -> None:
    assert leads_to(party, uri)


@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1:0/callback",
        "http://127.0.0.1:65536/callback",
        "http://127.0.0.1:/callback",
        "http://127.0.0.1:80a/callback",
        "http://127.0.0.1:٣/callback",
        "http://127.0.0.1:5000/callback/",
        "http://127.0.0.1:5000/callback?x=1",
        "http://127.0.0.1:5000/callback#",
        "http://127.0.0.1:5000/callback?",
        "http://127.0.0.1:5000/Callback",
        "http://127.0.0.1:5000/x/../callback",
        "http://127.0.0.1:5000\\@evil.example/callback",
        "http://127.0.0.1:5000@evil.example/callback",
        "http://user@127.0.0.1:5000/callback",
        "http://127.0.0.1.evil.example:5000/callback",
        "http://127.0.0.2:5000/callback",
        "http://2130706433:5000/callback",
        "http://LOCALHOST:5000/callback",
        "HTTP://127.0.0.1:5000/callback",
        "https://127.0.0.1:5000/callback",
        "http://127.0.0.1:5000/call\tback",
        "http://127.0.0.1:5000/callback\n",
        " http://127.0.0.1:5000/callback",
        "com.example.app:/callback2",
        "com.example.app://callback",
        "https://app.example:444/claimed",
    ],
)
def test_nothing_else_may_differ(party: RelyingParty, uri: str) -> None:
    assert not leads_to(party, uri)


@pytest.mark.parametrize("host", ["10.0.0.1", "192.0.2.1", "[2001:db8::1]"])
def test_only_loopback_has_ports_to_choose(host: str) -> None:
    assert not matches_registered(f"http://{host}:5000/callback", [f"http://{host}/callback"], native=True)
    assert not is_native_callback(f"http://{host}/callback")


def test_web_application_has_no_port_to_choose(server: Installation) -> None:
    party = RelyingParty(server, *server.add_client(redirect_uris=("http://127.0.0.1/callback",)))
    assert not leads_to(party, "http://127.0.0.1:5000/callback")


@pytest.mark.parametrize("uri", [SCHEME, "http://127.0.0.1:5005/callback"])
def test_second_sign_in_is_not_silent(party: RelyingParty, uri: str) -> None:
    browser = Browser(party.installation)
    party.redirect_uri = uri
    party.sign_in(browser)
    with party.installation.unit() as unit:  # a consent from elsewhere, a claimed https redirect for example
        unit.consents.remember(party.installation.users["alice"].id, "native", frozenset({"openid"}), frozenset())
    page = party.request(browser)
    assert browser.path == "/consent"
    assert 'name="remember"' not in page.text
    answer = party.request(browser, prompt="none")
    assert party.response(answer)["error"] == "consent_required"


def test_claimed_https_redirect_may_be_silent(party: RelyingParty) -> None:
    browser = Browser(party.installation)
    party.redirect_uri = "https://app.example/claimed"
    party.sign_in(browser)
    assert "code" in party.response(party.request(browser, prompt="none"))


def test_remembering_is_not_taken_from_a_form_that_did_not_offer_it(party: RelyingParty) -> None:
    browser = Browser(party.installation)
    party.sign_in(browser)
    user = party.installation.users["alice"]
    with party.installation.reading() as unit:
        assert unit.consents.find(user.id, "native") is None


def test_code_is_redeemed_with_the_port_it_was_sent_to(party: RelyingParty) -> None:
    party.redirect_uri = "http://127.0.0.1:51004/callback"
    code = party.code()
    assert party.redeem(code, redirect_uri="http://127.0.0.1:51005/callback").status == 400
    assert party.redeem(code).status == 200
