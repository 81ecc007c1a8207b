"""A client acts for itself (RFC 6749 §4.4)."""

from __future__ import annotations

import json
from typing import Any

import pytest
import time_machine

from tests.installation import Answer, Installation
from tests.outbox import recorded
from tests.relying_party import RelyingParty, claims_of

API, OTHER = "https://orders.example", "https://bills.example"


@pytest.fixture
def machine(server: Installation) -> RelyingParty:
    """A service with two scopes of an API that is its default."""
    server.add_resource(API, scopes=("orders:read", "orders:write", "orders:delete"))
    server.add_resource(OTHER, scopes=("bills:read",))
    return service(server)


def service(server: Installation, client_id: str = "machine", **values: Any) -> RelyingParty:
    chosen: dict[str, Any] = {
        "redirect_uris": (),
        "grant_types": ("client_credentials",),
        "scopes": frozenset({"orders:read", "orders:write"}),
        "resources": (API,),
        "default_resource": API,
    }
    return RelyingParty(server, *server.add_client(client_id, **(chosen | values)))


def ask(party: RelyingParty, **values: Any) -> Answer:
    return party.token_request(grant_type="client_credentials", **values)


def assert_refused(answer: Answer, error: str) -> None:
    assert (answer.status, answer.json["error"]) == (400, error), answer.text
    assert "access_token" not in answer.json


def spooled(server: Installation) -> list[dict[str, Any]]:
    """The events in the spool's files."""
    lines = [line for path in server.settings.instance_dir.rglob("*.spool") for line in path.read_bytes().splitlines()]
    return [json.loads(line)[1]["data"] for line in lines]


def test_the_subject_is_the_client(machine: RelyingParty) -> None:
    claims = claims_of(ask(machine).json["access_token"])
    assert (claims["sub"], claims["client_id"], claims["aud"]) == ("machine", "machine", API)
    assert not claims.keys() & {"sid", "grant_id", "auth_time", "acr", "amr", "email", "username"}


def test_there_is_no_refresh_token_and_no_id_token(machine: RelyingParty) -> None:
    assert not ask(machine).json.keys() & {"refresh_token", "id_token"}


def test_without_a_scope_the_client_gets_all_of_its_own(machine: RelyingParty) -> None:
    assert ask(machine).json["scope"] == "orders:read orders:write"


def test_with_a_scope_it_gets_that(machine: RelyingParty) -> None:
    assert ask(machine, scope="orders:read").json["scope"] == "orders:read"


@pytest.mark.parametrize("scope", ["orders:delete", "unknown", "bills:read", 'a"b', "orders:read unknown"])
def test_a_scope_that_is_not_the_clients_is_refused(machine: RelyingParty, scope: str) -> None:
    assert_refused(ask(machine, scope=scope), "invalid_scope")


@pytest.mark.parametrize("scope", ["openid", "profile", "orders:read email", "offline_access"])
def test_scopes_about_a_person_need_a_person(server: Installation, machine: RelyingParty, scope: str) -> None:
    answer = ask(machine, scope=scope)
    assert_refused(answer, "invalid_scope")
    assert server.why(answer) == "scope_needs_user"


def test_a_scope_whose_resource_is_not_named_is_refused_with_the_remedy(
    server: Installation, machine: RelyingParty
) -> None:
    party = service(server, "without-default", default_resource=None)
    answer = ask(party, scope="orders:read")
    assert_refused(answer, "invalid_scope")
    assert "resource" in answer.json["error_description"]
    assert ask(party, scope="orders:read", resource=API).json["scope"] == "orders:read"


def test_public_clients_cannot_act_for_themselves(server: Installation, machine: RelyingParty) -> None:
    server.add_client("spa", token_endpoint_auth_method="none")
    with server.unit() as unit:
        unit.clients.get("spa").grant_types = ["authorization_code", "client_credentials"]
    assert_refused(ask(RelyingParty(server, "spa")), "unauthorized_client")


def test_a_client_disabled_in_another_process_gets_nothing(server: Installation, machine: RelyingParty) -> None:
    assert ask(machine).status == 200
    with server.unit() as unit:
        unit.clients.get("machine").enabled = False
    answer = ask(machine)
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")


def test_a_new_client_with_the_id_of_a_deleted_one_does_not_revive_its_tokens(
    frozen_time: time_machine.Traveller, server: Installation, machine: RelyingParty
) -> None:
    token = ask(machine).json["access_token"]
    server.registration.delete("machine")
    assert server.services.token_reader.look_up(token).dead == "client_unknown"
    frozen_time.shift(1)
    again = service(server, "machine")
    server.services.clients.forget()
    assert server.services.token_reader.look_up(token).dead == "client_replaced"
    assert again.introspect(token) == {"active": False}
    assert again.introspect(ask(again).json["access_token"])["active"] is True


def test_an_enabled_client_has_the_tokens_again_that_have_not_expired(
    server: Installation, machine: RelyingParty
) -> None:
    token = ask(machine).json["access_token"]
    server.registration.disable("machine")
    assert server.services.token_reader.look_up(token).dead == "client_disabled"
    server.registration.enable("machine")
    assert server.services.token_reader.look_up(token).is_live


def test_the_event_is_in_the_spool_before_the_answer(server: Installation, machine: RelyingParty) -> None:
    jti = claims_of(ask(machine).json["access_token"])["jti"]
    [event] = spooled(server)
    assert (event["token_id"], event["client_id"], event["expires_in"]) == (jti, "machine", 900)


def test_an_opaque_token_is_a_row_with_its_event_in_the_same_transaction(
    server: Installation, machine: RelyingParty
) -> None:
    party = service(server, "opaque", policy={"access_token_format": "opaque"})
    token = ask(party).json["access_token"]
    assert "." not in token
    shown = party.introspect(token)
    assert (shown["active"], shown["sub"], shown["scope"]) == (True, "opaque", "orders:read orders:write")
    [event] = recorded(server, "ClientTokenIssued")
    assert event["token_id"] == shown["jti"]
    assert spooled(server) == []


def test_its_token_opens_no_userinfo(server: Installation, machine: RelyingParty) -> None:
    party = service(server, "bare", resources=(), default_resource=None, scopes=frozenset())
    answer = party.userinfo(ask(party).json["access_token"])
    assert answer.status == 403
    assert machine.userinfo(ask(machine).json["access_token"]).status == 401


def test_lifetime_and_algorithm_follow_client_and_resource(server: Installation, machine: RelyingParty) -> None:
    server.add_resource("https://strict.example", scopes=("strict",), token_ttl=60, token_alg="ES256")
    party = service(
        server,
        "short",
        resources=(API, "https://strict.example"),
        scopes=frozenset({"orders:read", "strict"}),
        policy={"access_token_ttl": 300},
    )
    assert ask(party).json["expires_in"] == 300
    answer = ask(party, resource="https://strict.example").json
    assert answer["expires_in"] == 60
    claims = claims_of(answer["access_token"])
    assert claims["exp"] - claims["iat"] == 60
