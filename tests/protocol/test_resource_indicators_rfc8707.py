"""Resource indicators at the token endpoint (RFC 8707 §2.2); unknown targets at the authorization endpoint (§2.1)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.installation import Answer, Installation
from tests.relying_party import Browser, RelyingParty, claims_of

ORDERS, BILLS = "https://orders.example", "https://bills.example"


@pytest.fixture
def party(server: Installation) -> RelyingParty:
    """A client that may ask for two resources."""
    server.add_resource(ORDERS, scopes=("orders:read",))
    server.add_resource(BILLS, scopes=("bills:read",), token_ttl=120)
    server.add_resource("https://secret.example", scopes=("secret",))
    server.add_user()
    return RelyingParty(server, *client(server))


def client(server: Installation, client_id: str = "app", **values: Any) -> tuple[str, str]:
    scopes = frozenset({"openid", "offline_access", "email", "orders:read", "bills:read"})
    return server.add_client(client_id, scopes=scopes, resources=(ORDERS, BILLS), **values)


def audience(answer: Answer) -> set[str]:
    value = claims_of(answer.json["access_token"])["aud"]
    return {value} if isinstance(value, str) else set(value)


def test_without_a_resource_the_issuer_is_the_audience(party: RelyingParty) -> None:
    assert audience(party.redeem(party.code())) == {party.installation.settings.issuer}


def test_the_default_resource_stands_in(party: RelyingParty) -> None:
    server = party.installation
    other = RelyingParty(server, *client(server, "other", default_resource=ORDERS))
    answer = other.redeem(other.code(scope="openid orders:read"))
    assert audience(answer) == {ORDERS, server.settings.issuer}


def test_what_was_authorized_stays_when_the_default_changes(party: RelyingParty) -> None:
    server = party.installation
    other = RelyingParty(server, *client(server, "other", default_resource=ORDERS))
    code = other.code(scope="offline_access orders:read", nonce=None)
    server.registration.update("other", {"default_resource": BILLS})
    server.services.clients.forget()
    answer = other.redeem(code)
    assert audience(answer) == {ORDERS}
    assert audience(other.refresh(answer.json["refresh_token"])) == {ORDERS}


def test_all_that_was_authorized_goes_into_the_token(party: RelyingParty) -> None:
    code = party.code(scope="openid orders:read bills:read", resource=[ORDERS, BILLS])
    answer = party.redeem(code)
    assert audience(answer) == {ORDERS, BILLS, party.installation.settings.issuer}
    assert answer.json["scope"] == "bills:read openid orders:read"


def test_the_token_request_narrows_to_exactly_what_it_names(party: RelyingParty) -> None:
    code = party.code(scope="openid orders:read bills:read", resource=[ORDERS, BILLS])
    answer = party.redeem(code, resource=BILLS)
    assert (audience(answer), answer.json["scope"]) == ({BILLS}, "bills:read")
    assert answer.json["expires_in"] == 120
    assert "id_token" in answer.json


def test_the_issuer_may_be_named_where_openid_was_granted(party: RelyingParty) -> None:
    code = party.code(scope="openid email orders:read", resource=ORDERS)
    answer = party.redeem(code, resource=party.installation.settings.issuer)
    assert (audience(answer), answer.json["scope"]) == ({party.installation.settings.issuer}, "email openid")
    assert party.userinfo(answer.json["access_token"]).status == 200


def test_the_issuer_is_nothing_without_openid(party: RelyingParty) -> None:
    code = party.code(scope="orders:read", resource=ORDERS, nonce=None)
    answer = party.redeem(code, resource=party.installation.settings.issuer)
    assert answer.json["error"] == "invalid_target"


def test_a_resource_named_twice_counts_once(party: RelyingParty) -> None:
    code = party.code(scope="openid orders:read", resource=[ORDERS, ORDERS])
    assert claims_of(party.redeem(code, resource=[ORDERS, ORDERS]).json["access_token"])["aud"] == ORDERS


@pytest.mark.parametrize("resource", [BILLS, "https://unknown.example", "https://secret.example", "nonsense"])
def test_more_than_was_authorized_is_refused_and_uses_nothing_up(party: RelyingParty, resource: str) -> None:
    code = party.code(scope="openid orders:read", resource=ORDERS)
    answer = party.redeem(code, resource=resource)
    assert (answer.status, answer.json["error"]) == (400, "invalid_target")
    assert party.redeem(code).status == 200


@pytest.mark.parametrize("resource", ["https://unknown.example", "https://secret.example"])
def test_a_resource_that_is_not_the_clients_is_refused_at_authorization(party: RelyingParty, resource: str) -> None:
    response = party.sign_in(Browser(party.installation), resource=resource)
    assert response["error"] == "invalid_target"


def test_a_resource_switched_off_meanwhile_gets_no_token_and_the_others_do(party: RelyingParty) -> None:
    server = party.installation
    code = party.code(scope="openid orders:read bills:read", resource=[ORDERS, BILLS])
    with server.unit() as unit:
        unit.resources.get(BILLS).enabled = False
        unit.versions.bump("resources")
    server.services.catalog.forget()
    assert party.redeem(code).json["error"] == "invalid_target"
    assert party.redeem(code, resource=BILLS).json["error"] == "invalid_target"
    assert audience(party.redeem(code, resource=ORDERS)) == {ORDERS}


def test_a_client_for_itself_names_its_resource_too(party: RelyingParty) -> None:
    server = party.installation
    machine = client(server, "machine", redirect_uris=(), grant_types=("client_credentials",))
    asking = RelyingParty(server, *machine)
    answer = asking.token_request(grant_type="client_credentials", resource=ORDERS)
    assert (audience(answer), answer.json["scope"]) == ({ORDERS}, "orders:read")
    both = asking.token_request(grant_type="client_credentials", resource=[ORDERS, BILLS])
    assert audience(both) == {ORDERS, BILLS}
    refused = asking.token_request(grant_type="client_credentials", resource="https://secret.example")
    assert refused.json["error"] == "invalid_target"
