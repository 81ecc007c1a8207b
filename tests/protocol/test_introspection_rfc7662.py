"""Token introspection: who may ask, and what is said (RFC 7662)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import time_machine

from tests.installation import Installation
from tests.relying_party import RelyingParty, claims_of

API = "https://orders.example"
OFFLINE = "openid offline_access"
INACTIVE = {"active": False}


@pytest.fixture(params=["jwt", "opaque"])
def token_format(request: pytest.FixtureRequest) -> str:
    """Both forms of access token: introspection does not tell them apart."""
    return str(request.param)


@pytest.fixture
def gateway(server: Installation, token_format: str) -> RelyingParty:
    """The client that the API names to introspect tokens for it."""
    client = server.add_client("gateway", redirect_uris=(), grant_types=("client_credentials",), scopes=frozenset())
    server.add_resource(API, scopes=("read",), introspected_by=("gateway",), token_format=token_format)
    return RelyingParty(server, *client)


@pytest.fixture
def party(server: Installation, gateway: RelyingParty) -> RelyingParty:
    """A client that asks for tokens for the API."""
    server.add_user()
    scopes = frozenset({"openid", "offline_access", "email", "read"})
    return RelyingParty(server, *server.add_client(scopes=scopes, resources=(API,)))


def tokens_for_api(party: RelyingParty) -> dict[str, Any]:
    return party.tokens(scope=f"{OFFLINE} read", resource=API)


def test_the_gateway_learns_what_the_token_is_worth(party: RelyingParty, gateway: RelyingParty) -> None:
    shown = gateway.introspect(tokens_for_api(party)["access_token"])
    subject = party.installation.users["alice"].id
    assert (shown["active"], shown["sub"], shown["client_id"]) == (True, subject, "app")
    assert (shown["token_type"], shown["username"], shown["scope"]) == ("Bearer", "alice", "offline_access openid read")
    assert shown["exp"] - shown["iat"] == 900
    assert shown["iss"] == party.installation.settings.issuer
    assert set(shown["aud"]) == {API, shown["iss"]}
    assert shown.keys() >= {"jti", "auth_time", "acr", "amr", "sid"}
    assert not shown.keys() & {"grant_id", "email"}


def test_the_tokens_own_client_may_ask(party: RelyingParty) -> None:
    tokens = tokens_for_api(party)
    assert party.introspect(tokens["access_token"])["active"] is True
    refresh = party.introspect(tokens["refresh_token"])
    assert (refresh["active"], refresh["client_id"], refresh["scope"]) == (True, "app", "offline_access openid read")
    assert "token_type" not in refresh


def test_others_hear_what_a_stranger_hears(server: Installation, party: RelyingParty, gateway: RelyingParty) -> None:
    other = replace(party, client_id="other", secret=server.add_client("other")[1])
    tokens = tokens_for_api(party)
    assert other.introspect(tokens["access_token"]) == INACTIVE
    assert other.introspect(tokens["refresh_token"]) == INACTIVE
    assert gateway.introspect(tokens["refresh_token"]) == INACTIVE
    assert gateway.introspect(party.tokens()["access_token"]) == INACTIVE


def test_without_credentials_nobody_is_answered(server: Installation, party: RelyingParty) -> None:
    token = tokens_for_api(party)["access_token"]
    answer = server.post("/oauth2/introspect", {"token": token})
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")


def test_a_public_client_proves_nothing(server: Installation, party: RelyingParty) -> None:
    server.add_client("spa", token_endpoint_auth_method="none")
    spa = RelyingParty(server, "spa")
    answer = spa.ask("introspect", spa.tokens()["access_token"])
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")


def test_an_access_token_is_no_credential_here(server: Installation, party: RelyingParty) -> None:
    token = tokens_for_api(party)["access_token"]
    answer = server.post("/oauth2/introspect", {"token": token}, headers={"Authorization": f"Bearer {token}"})
    assert answer.status == 401


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "id_token", "nonsense"])
def test_hints_change_nothing(party: RelyingParty, gateway: RelyingParty, hint: str) -> None:
    tokens = tokens_for_api(party)
    assert gateway.introspect(tokens["access_token"], token_type_hint=hint)["active"] is True
    assert party.introspect(tokens["refresh_token"], token_type_hint=hint)["active"] is True


@pytest.mark.parametrize("value", ["garbage", "a.b.c", "☃", "." * 40, "a" * 54, "eyJhbGciOiJub25lIn0.e30."])
def test_what_is_no_token_is_inactive(gateway: RelyingParty, value: str) -> None:
    answer = gateway.ask("introspect", value)
    assert (answer.status, answer.json) == (200, INACTIVE)
    assert answer.header("Cache-Control") == "no-store"


def test_codes_and_id_tokens_are_inactive(party: RelyingParty) -> None:
    assert party.introspect(party.code()) == INACTIVE
    assert party.introspect(party.tokens()["id_token"]) == INACTIVE


def test_a_token_with_another_signature_is_inactive(party: RelyingParty, gateway: RelyingParty) -> None:
    token = tokens_for_api(party)["access_token"]
    assert gateway.introspect(token[:-8] + "AAAAAAAA") == INACTIVE


def test_an_expired_token_is_inactive_to_the_second(
    frozen_time: time_machine.Traveller, party: RelyingParty, gateway: RelyingParty
) -> None:
    token = tokens_for_api(party)["access_token"]
    frozen_time.shift(899)
    assert gateway.introspect(token)["active"] is True
    frozen_time.shift(1)
    assert gateway.introspect(token) == INACTIVE


def test_a_revoked_token_says_nothing_else(party: RelyingParty, gateway: RelyingParty) -> None:
    token = tokens_for_api(party)["access_token"]
    party.ask("revoke", token)
    assert gateway.introspect(token) == INACTIVE


def test_a_person_who_was_deleted_has_no_tokens(
    server: Installation, party: RelyingParty, gateway: RelyingParty
) -> None:
    tokens = tokens_for_api(party)
    with server.unit() as unit:
        user = unit.users.get(server.users["alice"].id)
        user.deleted_at = user.updated_at
    assert gateway.introspect(tokens["access_token"]) == INACTIVE
    assert party.introspect(tokens["refresh_token"]) == INACTIVE


def test_a_resource_that_was_switched_off_has_no_tokens(
    server: Installation, party: RelyingParty, gateway: RelyingParty
) -> None:
    answer = party.redeem(party.code(scope="openid read", resource=API), resource=API)
    token = answer.json["access_token"]
    assert claims_or_row_audience(party, token) == API
    with server.unit() as unit:
        unit.resources.get(API).enabled = False
        unit.versions.bump("resources")
    server.services.catalog.forget()
    assert gateway.introspect(token) == INACTIVE
    assert party.introspect(token) == INACTIVE


def claims_or_row_audience(party: RelyingParty, token: str) -> str:
    return str(claims_of(token)["aud"] if "." in token else party.introspect(token)["aud"])


def test_the_token_is_read_from_the_body_alone(server: Installation, party: RelyingParty) -> None:
    token = tokens_for_api(party)["access_token"]
    assert server.get(f"/oauth2/introspect?token={token}").status == 405
    answer = party.ask("introspect", "")
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


def test_a_token_sent_twice_is_refused(party: RelyingParty) -> None:
    answer = party.ask("introspect", ["a", "b"])  # type: ignore[arg-type]
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(("scope", "username"), [(OFFLINE, None), (f"{OFFLINE} email", "alice@example.com")])
def test_an_address_is_a_username_only_with_the_scope_email(
    server: Installation, party: RelyingParty, scope: str, username: str | None
) -> None:
    tokens = party.tokens(scope=scope)
    with server.unit() as unit:
        user = unit.users.get(server.users["alice"].id)
        user.username = user.username_key = None
    for name in ("access_token", "refresh_token"):
        shown = party.introspect(tokens[name])
        assert (shown["active"], shown.get("username")) == (True, username)


def test_a_person_without_a_name_has_no_username(server: Installation, party: RelyingParty) -> None:
    token = tokens_for_api(party)["access_token"]
    with server.unit() as unit:
        user = unit.users.get(server.users["alice"].id)
        user.username = user.username_key = user.email = user.email_key = None
    shown = party.introspect(token)
    assert shown["active"] is True
    assert "username" not in shown
