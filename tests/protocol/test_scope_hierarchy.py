"""Scopes that imply others, from the request to the token (RFC 6749 §3.3)."""

from __future__ import annotations

import pytest

from authserver.access.registration import AccessRegistration
from tests.installation import Installation
from tests.relying_party import Browser, RelyingParty, claims_of

READ, WRITE, ADMIN = "orders:read", "orders:write", "orders:admin"


@pytest.fixture
def party(server: Installation) -> RelyingParty:
    """A client that registered `orders:write`, which implies `orders:read` and is implied by `orders:admin`."""
    server.add_user()
    add_hierarchy(server)
    return RelyingParty(server, *server.add_client(scopes=frozenset({"openid", "offline_access", WRITE})))


def add_hierarchy(server: Installation) -> None:
    services = server.services
    registration = AccessRegistration(services.database, services.recorder, server.settings.issuer)
    for name, below in ((READ, ()), (WRITE, (READ,)), (ADMIN, (WRITE,))):
        registration.create_scope(name, f"May {name}", implies=below)
    services.catalog.forget()


def scopes_of(tokens: dict[str, str]) -> set[str]:
    assert claims_of(tokens["access_token"])["scope"].split() == tokens["scope"].split()
    return set(tokens["scope"].split())


def test_what_is_implied_stands_in_token_and_answer(party: RelyingParty) -> None:
    assert scopes_of(party.tokens(scope=f"openid {WRITE}")) == {"openid", WRITE, READ}


def test_less_than_what_was_registered_may_be_asked_for(party: RelyingParty) -> None:
    assert scopes_of(party.tokens(scope=f"openid {READ}")) == {"openid", READ}


def test_nothing_above_what_was_registered_may(party: RelyingParty) -> None:
    answer = party.request(Browser(party.installation), scope=f"openid {ADMIN}")
    assert "error=invalid_scope" in (answer.header("Location") or "")


def test_a_refresh_may_ask_for_the_lesser_alone(party: RelyingParty) -> None:
    token = party.tokens(scope=f"openid offline_access {WRITE}")["refresh_token"]
    assert scopes_of(party.refresh(token, scope=READ).json) == {READ}


def test_a_machine_gets_what_its_scopes_imply(server: Installation) -> None:
    add_hierarchy(server)
    machine = server.add_client(
        "machine", redirect_uris=(), grant_types=("client_credentials",), scopes=frozenset({ADMIN})
    )
    got = RelyingParty(server, *machine).token_request(grant_type="client_credentials").json
    assert scopes_of(got) == {ADMIN, WRITE, READ}


def test_a_hierarchy_that_grew_does_not_widen_what_was_granted(server: Installation) -> None:
    server.add_user()
    add_hierarchy(server)
    services = server.services
    registration = AccessRegistration(services.database, services.recorder, server.settings.issuer)
    registration.update_scope(WRITE, implies=())
    services.catalog.forget()
    party = RelyingParty(server, *server.add_client(scopes=frozenset({"openid", "offline_access", WRITE})))
    token = party.tokens(scope=f"openid offline_access {WRITE}")["refresh_token"]
    registration.update_scope(WRITE, implies=(READ,))
    services.catalog.forget()
    assert READ not in scopes_of(party.refresh(token).json)


@pytest.fixture
def asking(server: Installation) -> RelyingParty:
    """A client whose person is asked."""
    server.add_user()
    add_hierarchy(server)
    return RelyingParty(server, *server.add_client(scopes=frozenset({"openid", WRITE}), policy={"consent": "always"}))


def test_the_consent_page_says_what_is_included(asking: RelyingParty) -> None:
    browser = Browser(asking.installation)
    page = browser.sign_in(asking.request(browser, scope=f"openid {WRITE}"))
    assert f'<small class="includes">Includes: <bdi>May {READ}</bdi></small>' in page.text


@pytest.mark.parametrize(
    ("ticked", "given"),
    [([WRITE, READ], {"openid", WRITE, READ}), ([READ], {"openid", READ}), ([WRITE], {"openid"}), ([], {"openid"})],
)
def test_whoever_unticks_a_part_does_not_give_the_whole(
    asking: RelyingParty, ticked: list[str], given: set[str]
) -> None:
    browser = Browser(asking.installation)
    page = browser.sign_in(asking.request(browser, scope=f"openid {WRITE}"))
    code = asking.response(browser.allow(page, scopes=ticked))["code"]
    assert scopes_of(asking.redeem(code).json) == given
