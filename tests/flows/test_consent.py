"""Consent: what is asked, what is remembered, narrowed, refused and taken back."""

from __future__ import annotations

from typing import Any

import pytest

from authserver.access import consents
from tests.installation import Installation
from tests.relying_party import Browser, RelyingParty, inputs

SCOPES = "openid profile email offline_access"


def at_consent(party: RelyingParty, browser: Browser, **parameters: Any) -> Any:
    page = party.request(browser, **parameters)
    page = browser.sign_in(page) if browser.path == "/login" else page
    assert browser.path == "/consent"
    return page


def granted(party: RelyingParty, answer: Any) -> set[str]:
    return set(party.redeem(party.response(answer)["code"]).json["scope"].split())


def test_page_says_who_asks_for_what_and_where_it_goes(relying_party: RelyingParty, browser: Browser) -> None:
    page = at_consent(relying_party, browser, scope=SCOPES)
    for words in ("Acme Photos", "alice", "app.example", "See your email address", "Keep this access"):
        assert words in page.text
    assert [values["value"] for values in inputs(page) if values.get("name") == "scope"] == [
        "profile",
        "email",
        "offline_access",
    ]


def test_remembered_consent_is_not_asked_for_again(relying_party: RelyingParty, browser: Browser) -> None:
    browser.allow(at_consent(relying_party, browser, scope=SCOPES))
    assert "code" in relying_party.response(relying_party.request(browser, scope=SCOPES))
    assert "code" in relying_party.response(relying_party.request(browser, scope="openid email", prompt="none"))


def test_consent_that_was_not_to_be_remembered_is_asked_for_again(
    relying_party: RelyingParty, browser: Browser
) -> None:
    browser.allow(at_consent(relying_party, browser), remember=False)
    assert "consent-allow" in at_consent(relying_party, browser).text


def test_consent_is_of_one_person_for_one_application(relying_party: RelyingParty, signed_in: Browser) -> None:
    server = relying_party.installation
    at_consent(RelyingParty(server, *server.add_client("other")), signed_in)
    server.add_user("bob")
    signed_in.sign_in(relying_party.request(signed_in, prompt="login"), "bob")
    assert signed_in.path == "/consent"


def test_more_than_was_allowed_is_asked_for(relying_party: RelyingParty, signed_in: Browser) -> None:
    assert "See your email address" in at_consent(relying_party, signed_in, scope="openid email").text


def test_narrowed_consent_yields_what_was_left(relying_party: RelyingParty, browser: Browser) -> None:
    page = at_consent(relying_party, browser, scope=SCOPES)
    assert granted(relying_party, browser.allow(page, scopes=["email"])) == {"openid", "email"}
    assert "code" in relying_party.response(relying_party.request(browser, scope="openid email", prompt="none"))
    answer = relying_party.request(browser, scope="openid profile", prompt="none")
    assert relying_party.response(answer)["error"] == "consent_required"


def test_form_cannot_add_what_was_not_asked_for(relying_party: RelyingParty, browser: Browser) -> None:
    page = at_consent(relying_party, browser, scope="openid")
    answer = browser.allow(page, scopes=["email", "offline_access", "unheard_of"])
    assert granted(relying_party, answer) == {"openid"}
    answer = relying_party.request(browser, scope="openid email", prompt="none")
    assert relying_party.response(answer)["error"] == "consent_required", "nor is it remembered"


def test_everything_taken_out_is_a_refusal(server: Installation) -> None:
    server.add_user()
    server.add_resource(scopes=("orders",))
    party = RelyingParty(server, *server.add_client(scopes=frozenset({"orders"}), resources=("https://api.example",)))
    browser = Browser(server)
    page = at_consent(party, browser, scope="orders", resource="https://api.example")
    assert party.response(browser.allow(page, scopes=[]))["error"] == "access_denied"


@pytest.mark.parametrize("action", ["deny", "", "nonsense"])
def test_anything_but_yes_is_no(relying_party: RelyingParty, browser: Browser, action: str) -> None:
    page = at_consent(relying_party, browser)
    answer = browser.submit(page, action=action, remember="yes")
    assert relying_party.response(answer)["error"] == "access_denied"
    assert relying_party.installation.why(answer) == "denied_by_user"
    at_consent(relying_party, browser)


def test_resources_are_shown_and_remembered(server: Installation) -> None:
    server.add_user()
    server.add_resource("https://api.example", scopes=("orders",))
    server.add_resource("https://mail.example", name="Mailbox", scopes=("mail",))
    both = ("https://api.example", "https://mail.example")
    party = RelyingParty(server, *server.add_client(scopes=frozenset({"openid", "orders", "mail"}), resources=both))
    browser = Browser(server)
    page = at_consent(party, browser, scope="openid", resource=both[0])
    assert "Orders" in page.text
    browser.allow(page)
    assert "code" in party.response(party.request(browser, scope="openid", resource=both[0], prompt="none"))
    assert "Mailbox" in at_consent(party, browser, scope="openid", resource=both[1]).text


def test_revoked_consent_is_asked_for_again_and_its_tokens_are_dead(
    relying_party: RelyingParty, browser: Browser
) -> None:
    server, tokens = relying_party.installation, relying_party.tokens(browser)
    with server.unit() as unit:
        consents.revoke(unit, server.services.recorder, server.users["alice"].id, "app")
    assert relying_party.introspect(tokens["access_token"]) == {"active": False}
    at_consent(relying_party, browser)


def test_policy_always_asks_every_time(server: Installation) -> None:
    server.add_user()
    party = RelyingParty(server, *server.add_client(policy={"consent": "always"}))
    browser = Browser(server)
    page = at_consent(party, browser)
    assert 'name="remember"' not in page.text
    browser.submit(page, action="allow", remember="yes")
    at_consent(party, browser)


def test_policy_skip_asks_only_when_the_application_does(server: Installation) -> None:
    server.add_user()
    party = RelyingParty(server, *server.add_client(policy={"consent": "skip"}))
    browser = Browser(server)
    assert "code" in party.response(browser.sign_in(party.request(browser)))
    at_consent(party, browser, prompt="consent")


def test_first_visit_is_asked_about_although_no_scope_is_wanted(server: Installation) -> None:
    server.add_user()
    party, browser = RelyingParty(server, *server.add_client()), Browser(server)
    page = at_consent(party, browser, scope=None)
    assert "code" in party.response(browser.allow(page))
    assert "code" in party.response(party.request(browser, scope=None, prompt="none"))


def test_another_account_at_the_consent_page(relying_party: RelyingParty, browser: Browser) -> None:
    relying_party.installation.add_user("bob")
    page = at_consent(relying_party, browser, login_hint="alice")
    page = browser.submit(page, action="switch")
    assert browser.path == "/login"
    assert 'value="alice"' not in page.text
    page = browser.sign_in(page, "bob")
    assert browser.path == "/consent"
    assert "bob" in page.text
    assert relying_party.id_claims(browser.allow(page))["sub"] == relying_party.installation.users["bob"].id
