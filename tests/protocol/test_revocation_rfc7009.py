"""Token revocation (RFC 7009)."""

from __future__ import annotations

from dataclasses import replace

import pytest
import time_machine

from tests.installation import Installation
from tests.outbox import recorded, types_recorded
from tests.relying_party import RelyingParty, claims_of

OFFLINE = "openid offline_access"
INACTIVE = {"active": False}


def test_a_revoked_access_token_is_dead_and_its_family_lives(relying_party: RelyingParty) -> None:
    tokens = relying_party.tokens(scope=OFFLINE)
    answer = relying_party.ask("revoke", tokens["access_token"])
    assert (answer.status, answer.body) == (200, b"")
    assert relying_party.introspect(tokens["access_token"]) == INACTIVE
    assert relying_party.userinfo(tokens["access_token"]).status == 401
    assert relying_party.refresh(tokens["refresh_token"]).status == 200


def test_an_opaque_access_token_is_revoked_alike(server: Installation) -> None:
    server.add_user()
    party = RelyingParty(server, *server.add_client(policy={"access_token_format": "opaque"}))
    token = party.tokens()["access_token"]
    assert "." not in token
    assert party.userinfo(token).status == 200
    assert party.ask("revoke", token).status == 200
    assert party.introspect(token) == INACTIVE
    assert party.userinfo(token).status == 401
    assert types_recorded(server).count("AccessTokenRevoked") == 1


def test_a_revoked_refresh_token_takes_its_access_tokens_with_it(relying_party: RelyingParty) -> None:
    tokens = relying_party.tokens(scope=OFFLINE)
    assert relying_party.ask("revoke", tokens["refresh_token"]).status == 200
    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert relying_party.introspect(token) == INACTIVE
    assert relying_party.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"


def test_an_older_token_of_the_family_revokes_it_too(relying_party: RelyingParty) -> None:
    first = relying_party.tokens(scope=OFFLINE)["refresh_token"]
    second = relying_party.refresh(first).json
    assert relying_party.ask("revoke", first).status == 200
    assert relying_party.introspect(second["access_token"]) == INACTIVE
    assert relying_party.refresh(second["refresh_token"]).status == 400


def test_revocation_is_told(server: Installation, relying_party: RelyingParty) -> None:
    tokens = relying_party.tokens(scope=OFFLINE)
    relying_party.ask("revoke", tokens["access_token"])
    relying_party.ask("revoke", tokens["refresh_token"])
    [access] = recorded(server, "AccessTokenRevoked")
    assert access["token_id"] == claims_of(tokens["access_token"])["jti"]
    assert [event["reason"] for event in recorded(server, "RefreshTokenRevoked", "GrantRevoked")] == [
        "revoked_by_client",
        "revoked_by_client",
    ]


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_revoking_twice_is_as_good_as_once(server: Installation, relying_party: RelyingParty, kind: str) -> None:
    token = relying_party.tokens(scope=OFFLINE)[kind]
    assert [relying_party.ask("revoke", token).status for _ in range(2)] == [200, 200]
    told = [name for name in types_recorded(server) if name.endswith("Revoked")]
    assert len(told) == len(set(told))


@pytest.mark.parametrize("value", ["garbage", "a.b.c", "☃", "a" * 54])
def test_an_unknown_token_is_answered_200(relying_party: RelyingParty, value: str) -> None:
    assert relying_party.ask("revoke", value).status == 200


def test_another_clients_tokens_stay_as_they_are(server: Installation, relying_party: RelyingParty) -> None:
    other = replace(relying_party, client_id="other", secret=server.add_client("other")[1])
    tokens = relying_party.tokens(scope=OFFLINE)
    for kind in ("access_token", "refresh_token"):
        answer = other.ask("revoke", tokens[kind])
        assert (answer.status, answer.body) == (200, b"")
        assert relying_party.introspect(tokens[kind])["active"] is True


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "nonsense"])
def test_hints_change_nothing(relying_party: RelyingParty, hint: str) -> None:
    token = relying_party.tokens(scope=OFFLINE)["refresh_token"]
    assert relying_party.ask("revoke", token, token_type_hint=hint).status == 200
    assert relying_party.introspect(token) == INACTIVE


def test_an_expired_token_needs_no_revocation(
    frozen_time: time_machine.Traveller, server: Installation, relying_party: RelyingParty
) -> None:
    token = relying_party.tokens()["access_token"]
    frozen_time.shift(900)
    assert relying_party.ask("revoke", token).status == 200
    assert recorded(server, "AccessTokenRevoked") == []


def test_a_public_client_revokes_its_own_tokens(server: Installation) -> None:
    server.add_user()
    server.add_client("spa", token_endpoint_auth_method="none")
    spa = RelyingParty(server, "spa")
    token = spa.tokens()["access_token"]
    assert spa.ask("revoke", token).status == 200
    assert spa.userinfo(token).status == 401


def test_without_credentials_nothing_is_revoked(server: Installation, relying_party: RelyingParty) -> None:
    token = relying_party.tokens()["access_token"]
    answer = server.post("/oauth2/revoke", {"token": token})
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")
    wrong = replace(relying_party, secret="wrong").ask("revoke", token)
    assert wrong.status == 401
    assert wrong.header("WWW-Authenticate") is not None
    assert relying_party.introspect(token)["active"] is True


def test_the_token_must_be_named_once(server: Installation, relying_party: RelyingParty) -> None:
    for value in ("", ["a", "b"]):
        answer = relying_party.ask("revoke", value)  # type: ignore[arg-type]
        assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert server.get("/oauth2/revoke?token=x").status == 405
