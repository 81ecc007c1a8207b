"""A client trades a token that it received for one of its own (RFC 8693)."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine

from authserver.tokens import jose
from tests.dpop import DPoPKey
from tests.exchanging import (
    ACCESS_TOKEN,
    BILLS,
    FRONT,
    GRANT,
    ID_TOKEN,
    JWT,
    ORDERS,
    REFRESH_TOKEN,
    exchange,
    exchanged,
    exchanger,
    rule,
)
from tests.installation import Answer, Installation
from tests.outbox import recorded
from tests.relying_party import Browser, RelyingParty, claims_of


@pytest.fixture
def app(server: Installation) -> RelyingParty:
    """The application in front of people; its tokens are for the front service."""
    server.add_user()
    server.add_resource(FRONT, scopes=("front",))
    server.add_resource(ORDERS, scopes=("orders:read", "orders:write"), introspected_by=())
    server.add_resource(BILLS)
    for scope in ("read", "write"):
        _registry(server).create_scope(scope)
    server.services.catalog.forget()
    scopes = frozenset({"openid", "email", "offline_access", "front", "read", "write"})
    return RelyingParty(server, *server.add_client(scopes=scopes, resources=(FRONT,), default_resource=FRONT))


@pytest.fixture
def gateway(server: Installation, app: RelyingParty) -> RelyingParty:
    """The service that receives the application's tokens."""
    return exchanger(server, "gateway", rule())


def _registry(server: Installation) -> Any:
    from authserver.access.registration import AccessRegistration

    return AccessRegistration(server.services.database, server.services.recorder, server.settings.issuer)


def token_of(app: RelyingParty, scope: str = "openid read write", **values: Any) -> str:
    return str(app.tokens(scope=scope, **values)["access_token"])


def assert_refused(server: Installation, answer: Answer, error: str, reason: str) -> None:
    assert (answer.status, answer.json["error"], server.why(answer)) == (400, error, reason), answer.text
    assert "access_token" not in answer.json


def test_the_answer_names_the_type_of_what_it_holds(app: RelyingParty, gateway: RelyingParty) -> None:
    answer = exchange(gateway, token_of(app))
    assert answer.json["issued_token_type"] == ACCESS_TOKEN
    assert answer.json["token_type"] == "Bearer"
    assert answer.json["scope"] == "read write"
    assert not answer.json.keys() & {"refresh_token", "id_token"}
    assert answer.header("Cache-Control") == "no-store"


def test_the_new_token_is_the_clients_about_the_same_person(app: RelyingParty, gateway: RelyingParty) -> None:
    before = claims_of(token := token_of(app))
    claims = claims_of(exchanged(gateway, token))
    assert (claims["client_id"], claims["aud"]) == ("gateway", ORDERS)
    for name in ("sub", "grant_id", "auth_time", "acr", "amr"):
        assert claims[name] == before[name]
    assert claims["sid"] != before["sid"]
    assert claims["jti"] != before["jti"]


def test_delegation_names_who_acts(server: Installation, app: RelyingParty, gateway: RelyingParty) -> None:
    issuer = server.settings.issuer
    assert claims_of(exchanged(gateway, token_of(app)))["act"] == {"iss": issuer, "sub": "gateway"}


def test_an_actor_token_names_its_subject_as_the_actor(app: RelyingParty, gateway: RelyingParty) -> None:
    own = gateway.token_request(grant_type="client_credentials", resource=ORDERS).json["access_token"]
    token = exchanged(gateway, token_of(app), actor_token=own, actor_token_type=ACCESS_TOKEN)
    assert claims_of(token)["act"]["sub"] == "gateway"
    assert claims_of(token)["act"]["client_id"] == "gateway"


def test_impersonation_names_nobody(server: Installation, app: RelyingParty) -> None:
    quiet = exchanger(server, "quiet", rule(mode="impersonation"))
    assert "act" not in claims_of(exchanged(quiet, token_of(app)))


def test_impersonation_takes_no_actor_token(server: Installation, app: RelyingParty) -> None:
    quiet = exchanger(server, "quiet", rule(mode="impersonation"))
    own = quiet.token_request(grant_type="client_credentials", resource=ORDERS).json["access_token"]
    answer = exchange(quiet, token_of(app), actor_token=own, actor_token_type=ACCESS_TOKEN)
    assert_refused(server, answer, "invalid_request", "exchange_not_allowed")


def test_who_acted_before_stays_known(server: Installation, app: RelyingParty, gateway: RelyingParty) -> None:
    second = exchanger(server, "second", rule(clients=["gateway"], targets=[BILLS]))
    third = exchanger(server, "third", rule(clients=["second"], targets=[ORDERS], mode="impersonation"))
    token = exchanged(second, exchanged(gateway, token_of(app)), resource=BILLS)
    act = claims_of(token)["act"]
    assert (act["sub"], act["act"]["sub"]) == ("second", "gateway")
    assert claims_of(exchanged(third, token))["act"] == act


def test_an_id_token_may_be_presented(app: RelyingParty, gateway: RelyingParty) -> None:
    tokens = app.tokens(scope="openid read")
    claims = claims_of(exchanged(gateway, tokens["id_token"], ID_TOKEN))
    assert (claims["sub"], claims["scope"]) == (claims_of(tokens["id_token"])["sub"], "read")
    assert claims["grant_id"] == claims_of(tokens["access_token"])["grant_id"]


def test_a_clients_own_token_may_be_presented(server: Installation, app: RelyingParty) -> None:
    worker = exchanger(server, "worker")
    gateway = exchanger(server, "gateway", rule(clients=["worker"]))
    own = worker.token_request(grant_type="client_credentials", resource=FRONT, scope="read").json["access_token"]
    claims = claims_of(exchanged(gateway, own))
    assert (claims["sub"], claims["client_id"], claims["scope"]) == ("worker", "gateway", "read")
    assert "grant_id" not in claims


@pytest.mark.parametrize("token_format", ["jwt", "opaque"])
def test_opaque_tokens_may_be_presented_and_issued(server: Installation, app: RelyingParty, token_format: str) -> None:
    gateway = exchanger(server, "gateway", rule(), policy={"exchange": [rule()], "access_token_format": "opaque"})
    server.registration.update("app", {"policy": {"access_token_format": token_format}})
    server.services.clients.forget()
    shown = gateway.introspect(exchanged(gateway, token_of(app)))
    assert (shown["active"], shown["act"]["sub"], shown["client_id"]) == (True, "gateway", "gateway")


def test_a_jwt_may_be_asked_for(app: RelyingParty, gateway: RelyingParty) -> None:
    answer = exchange(gateway, token_of(app), JWT, requested_token_type=JWT)
    assert answer.json["issued_token_type"] == JWT
    assert answer.json["access_token"].count(".") == 2


def test_a_jwt_cannot_be_had_where_tokens_are_opaque(server: Installation, app: RelyingParty) -> None:
    gateway = exchanger(server, "gateway", policy={"exchange": [rule()], "access_token_format": "opaque"})
    answer = exchange(gateway, token_of(app), requested_token_type=JWT)
    assert_refused(server, answer, "invalid_request", "token_format_opaque")


@pytest.mark.parametrize("wanted", [REFRESH_TOKEN, ID_TOKEN, "urn:example:other"])
def test_other_types_cannot_be_asked_for(
    server: Installation, app: RelyingParty, gateway: RelyingParty, wanted: str
) -> None:
    answer = exchange(gateway, token_of(app), requested_token_type=wanted)
    assert_refused(server, answer, "invalid_request", "requested_token_type_unsupported")


# --- what is allowed --------------------------------------------------------------------------


def test_without_a_rule_nothing_is_exchanged(server: Installation, app: RelyingParty) -> None:
    answer = exchange(exchanger(server, "nobody"), token_of(app))
    assert_refused(server, answer, "invalid_request", "exchange_not_allowed")


def test_tokens_of_other_clients_are_refused(server: Installation, app: RelyingParty) -> None:
    gateway = exchanger(server, "gateway", rule(clients=["gateway"]))
    assert_refused(server, exchange(gateway, token_of(app)), "invalid_request", "exchange_not_allowed")


def test_a_rule_may_name_what_the_token_is_for(server: Installation, app: RelyingParty) -> None:
    front = exchanger(server, "front", rule(clients=[], audiences=[FRONT]))
    bills = exchanger(server, "bills", rule(clients=[], audiences=[BILLS]))
    token = token_of(app)
    assert exchange(front, token).status == 200
    assert_refused(server, exchange(bills, token), "invalid_request", "exchange_not_allowed")


def test_a_rule_that_names_both_wants_both(server: Installation, app: RelyingParty) -> None:
    gateway = exchanger(server, "gateway", rule(audiences=[BILLS]))
    assert_refused(server, exchange(gateway, token_of(app)), "invalid_request", "exchange_not_allowed")


def test_a_rule_about_resources_is_not_about_id_tokens(server: Installation, app: RelyingParty) -> None:
    front = exchanger(server, "front", rule(clients=[], audiences=[FRONT]))
    answer = exchange(front, app.tokens()["id_token"], ID_TOKEN)
    assert_refused(server, answer, "invalid_request", "exchange_not_allowed")


@pytest.mark.parametrize("name", ["resource", "audience"])
def test_the_target_is_named_as_resource_or_as_audience(app: RelyingParty, gateway: RelyingParty, name: str) -> None:
    values = {"resource": None} | {name: ORDERS}
    assert claims_of(exchanged(gateway, token_of(app), **values))["aud"] == ORDERS


@pytest.mark.parametrize("name", ["resource", "audience"])
@pytest.mark.parametrize("target", [FRONT, BILLS, "https://unknown.example", "http://127.0.0.1:8000"])
def test_a_target_that_no_rule_names_is_refused(
    server: Installation, app: RelyingParty, gateway: RelyingParty, name: str, target: str
) -> None:
    answer = exchange(gateway, token_of(app), **({"resource": None} | {name: target}))
    assert_refused(server, answer, "invalid_target", "exchange_target_not_allowed")


def test_all_targets_must_be_named_by_one_rule(server: Installation, app: RelyingParty, gateway: RelyingParty) -> None:
    answer = exchange(gateway, token_of(app), resource=[ORDERS, BILLS])
    assert_refused(server, answer, "invalid_target", "exchange_target_not_allowed")


def test_without_a_target_there_is_no_token(server: Installation, app: RelyingParty, gateway: RelyingParty) -> None:
    answer = exchange(gateway, token_of(app), resource=None)
    assert_refused(server, answer, "invalid_target", "exchange_target_not_allowed")


def test_a_target_that_was_removed_is_refused(server: Installation, app: RelyingParty, gateway: RelyingParty) -> None:
    token = token_of(app)
    _registry(server).delete_resource(ORDERS)
    server.services.catalog.forget()
    assert_refused(server, exchange(gateway, token), "invalid_target", "resource_unknown")


def test_scopes_are_narrowed(app: RelyingParty, gateway: RelyingParty) -> None:
    token = token_of(app)
    assert claims_of(exchanged(gateway, token, scope="read"))["scope"] == "read"


def test_scopes_are_never_widened(server: Installation, app: RelyingParty, gateway: RelyingParty) -> None:
    answer = exchange(gateway, token_of(app, "openid read"), scope="read write")
    assert_refused(server, answer, "invalid_scope", "scope_wider_than_exchanged")
    assert claims_of(exchanged(gateway, token_of(app, "openid read")))["scope"] == "read"


def test_what_a_scope_implies_by_now_is_not_missed_in_an_older_token(
    server: Installation, app: RelyingParty, gateway: RelyingParty
) -> None:
    token = token_of(app, "openid write")
    _registry(server).update_scope("write", implies=("read",))
    server.services.catalog.forget()
    assert claims_of(exchanged(gateway, token, scope="write"))["scope"] == "write"
    assert_refused(server, exchange(gateway, token, scope="write read"), "invalid_scope", "scope_wider_than_exchanged")


def test_scopes_that_the_client_has_not_are_left_out(server: Installation, app: RelyingParty) -> None:
    reader = exchanger(server, "reader", rule(), scopes=frozenset({"read"}))
    token = token_of(app)
    assert claims_of(exchanged(reader, token))["scope"] == "read"
    assert_refused(server, exchange(reader, token, scope="write"), "invalid_scope", "scope_not_allowed")


def test_scopes_of_a_person_and_of_other_resources_stay_behind(server: Installation, app: RelyingParty) -> None:
    own = frozenset({"openid", "email", "front", "read"})
    gateway = exchanger(server, "gateway", rule(), scopes=own)
    token = token_of(app, "openid email front read")
    assert claims_of(exchanged(gateway, token))["scope"] == "read"
    assert "email" not in claims_of(exchanged(gateway, token))
    answer = exchange(gateway, token, scope="front")
    assert_refused(server, answer, "invalid_scope", "scope_of_other_target")


def test_a_rule_may_name_scopes_of_the_target(server: Installation, app: RelyingParty) -> None:
    own = frozenset({"read", "orders:read"})
    gateway = exchanger(server, "gateway", rule(scopes=["orders:read", "orders:write"]), scopes=own)
    assert claims_of(exchanged(gateway, token_of(app)))["scope"] == "orders:read read"


def test_public_clients_exchange_nothing(server: Installation, app: RelyingParty) -> None:
    values = {"token_endpoint_auth_method": "none", "grant_types": (GRANT,)}
    answer = exchange(exchanger(server, "public", rule(), **values), token_of(app))
    assert_refused(server, answer, "unauthorized_client", "grant_needs_secret")


def test_the_grant_must_be_registered(server: Installation, app: RelyingParty) -> None:
    gateway = exchanger(server, "gateway", rule(), grant_types=("client_credentials",))
    assert_refused(server, exchange(gateway, token_of(app)), "unauthorized_client", "grant_type_not_allowed")


# --- may_act, keys, chains --------------------------------------------------------------------


def signed(server: Installation, token: str, **changes: Any) -> str:
    """`token` with other claims, signed by the server's own key."""
    key = server.services.keyring.active("RS256")
    return jose.sign(claims_of(token) | changes, key, "at+jwt")


@pytest.mark.parametrize("named", [{"sub": "gateway"}, {"client_id": "gateway"}, {"sub": "gateway", "iss": None}])
def test_may_act_lets_who_is_named_act(
    server: Installation, app: RelyingParty, gateway: RelyingParty, named: dict[str, Any]
) -> None:
    allowed = named | ({"iss": server.settings.issuer} if "iss" in named else {})
    assert exchange(gateway, signed(server, token_of(app), may_act=allowed)).status == 200


@pytest.mark.parametrize("named", [{"sub": "other"}, {}, "gateway", {"sub": "gateway", "iss": "https://x.example"}])
@pytest.mark.parametrize("mode", ["delegation", "impersonation"])
def test_may_act_lets_nobody_else_act(server: Installation, app: RelyingParty, named: Any, mode: str) -> None:
    gateway = exchanger(server, "gateway", rule(mode=mode))
    answer = exchange(gateway, signed(server, token_of(app), may_act=named))
    assert_refused(server, answer, "invalid_request", "may_act_names_another")


def prove(party: RelyingParty, key: DPoPKey, token: str) -> Answer:
    """Exchange with a DPoP proof of `key`."""
    url = f"{party.installation.settings.issuer}/oauth2/token"
    return exchange(party, token, headers={"DPoP": key.proof("POST", url)})


def test_a_bound_token_needs_the_proof_of_its_key(
    server: Installation, app: RelyingParty, gateway: RelyingParty
) -> None:
    answer = exchange(gateway, signed(server, token_of(app), cnf={"jkt": "x"}))
    assert_refused(server, answer, "invalid_request", "exchanged_token_bound")


@pytest.mark.parametrize("cnf", [{"jkt": "x"}, {"x5t#S256": "x"}, {"kid": "x"}])
def test_the_proof_of_another_key_is_none(
    server: Installation, app: RelyingParty, gateway: RelyingParty, cnf: dict[str, str]
) -> None:
    token = signed(server, token_of(app), cnf=cnf)
    answer = prove(gateway, DPoPKey.of("ES256"), token)
    assert_refused(server, answer, "invalid_request", "exchanged_token_bound")


def test_who_proves_the_key_gets_a_token_bound_to_it(
    server: Installation, app: RelyingParty, gateway: RelyingParty
) -> None:
    key = DPoPKey.of("ES256")
    answer = prove(gateway, key, signed(server, token_of(app), cnf={"jkt": key.jkt}))
    assert (answer.status, answer.json["token_type"]) == (200, "DPoP")
    assert claims_of(answer.json["access_token"])["cnf"] == {"jkt": key.jkt}


def test_policy_may_let_bound_tokens_pass(server: Installation, app: RelyingParty) -> None:
    trusted = exchanger(server, "trusted", rule(bound_tokens=True))
    token = exchanged(trusted, signed(server, token_of(app), cnf={"jkt": "x"}))
    assert "cnf" not in claims_of(token)


def test_a_chain_has_an_end(server: Installation, app: RelyingParty) -> None:
    back = exchanger(server, "back", rule(clients=["app", "back"]))
    token = token_of(app)
    for _ in range(4):
        token = exchanged(back, token)
    assert_refused(server, exchange(back, token), "invalid_request", "exchange_chain_too_long")


# --- life -------------------------------------------------------------------------------------


def test_the_new_token_does_not_outlive_the_presented_one(
    frozen_time: time_machine.Traveller, app: RelyingParty, gateway: RelyingParty
) -> None:
    token = token_of(app)
    frozen_time.shift(600)
    answer = exchange(gateway, token)
    assert answer.json["expires_in"] == 300
    assert claims_of(answer.json["access_token"])["exp"] == claims_of(token)["exp"]


def test_the_new_token_does_not_outlive_the_actors(
    frozen_time: time_machine.Traveller, app: RelyingParty, gateway: RelyingParty
) -> None:
    own = gateway.token_request(grant_type="client_credentials", resource=ORDERS).json["access_token"]
    frozen_time.shift(600)
    answer = exchange(gateway, token_of(app), actor_token=own, actor_token_type=ACCESS_TOKEN)
    assert answer.json["expires_in"] == 300


def test_what_has_expired_is_refused(
    frozen_time: time_machine.Traveller, server: Installation, app: RelyingParty, gateway: RelyingParty
) -> None:
    tokens = app.tokens(scope="openid read")
    frozen_time.shift(900)
    for name, kind in (("access_token", ACCESS_TOKEN), ("id_token", ID_TOKEN)):
        answer = exchange(gateway, tokens[name], kind)
        assert_refused(server, answer, "invalid_request", "exchanged_token_dead")


def revoke_token(app: RelyingParty, token: str) -> None:
    app.ask("revoke", token)


def revoke_grant(app: RelyingParty, token: str) -> None:
    with app.installation.unit() as unit:
        claims = claims_of(token)
        unit.grants.revoke(claims.get("grant_id") or claims["jti"].partition(".")[0], "test")


def end_session(app: RelyingParty, token: str) -> None:
    services, person = app.installation.services, app.installation.users["alice"]
    with app.installation.unit() as unit:
        for session in unit.sessions.of_user(person.id):
            services.sessions.end(unit, session.id, person.id, "logout")


def disable_user(app: RelyingParty, token: str) -> None:
    with app.installation.unit() as unit:
        person = unit.users.get(app.installation.users["alice"].id)
        app.installation.services.users.disable(unit, person)


def disable_client(app: RelyingParty, token: str) -> None:
    app.installation.registration.disable("app")


ENDINGS = [revoke_token, revoke_grant, end_session, disable_user, disable_client]


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_is_dead_is_not_exchanged(
    server: Installation, app: RelyingParty, gateway: RelyingParty, ending: Any
) -> None:
    token = token_of(app)
    ending(app, token)
    assert_refused(server, exchange(gateway, token), "invalid_request", "exchanged_token_dead")


@pytest.mark.parametrize("ending", ENDINGS[1:])
def test_an_id_token_is_worth_what_its_grant_is(
    server: Installation, app: RelyingParty, gateway: RelyingParty, ending: Any
) -> None:
    token = app.tokens()["id_token"]
    ending(app, token)
    assert_refused(server, exchange(gateway, token, ID_TOKEN), "invalid_request", "exchanged_token_dead")


@pytest.mark.parametrize("ending", ENDINGS[1:])
def test_whatever_ends_the_root_ends_what_was_exchanged(
    server: Installation, app: RelyingParty, gateway: RelyingParty, ending: Any
) -> None:
    second = exchanger(server, "second", rule(clients=["gateway"]))
    root = token_of(app)
    first = exchanged(gateway, root)
    last = exchanged(second, first)
    assert gateway.introspect(first)["active"] is second.introspect(last)["active"] is True
    ending(app, root)
    assert gateway.introspect(first) == second.introspect(last) == {"active": False}


@pytest.mark.parametrize("ended", ["gateway", "second"])
def test_a_client_in_between_that_is_switched_off_ends_it_too(
    server: Installation, app: RelyingParty, gateway: RelyingParty, ended: str
) -> None:
    second = exchanger(server, "second", rule(clients=["gateway"]))
    third = exchanger(server, "third", rule(clients=["second"]))
    last = exchanged(third, exchanged(second, exchanged(gateway, token_of(app))))
    assert third.introspect(last)["active"] is True
    server.registration.disable(ended)
    assert third.introspect(last) == {"active": False}


def test_the_client_may_revoke_what_it_got(app: RelyingParty, gateway: RelyingParty) -> None:
    token = token_of(app)
    mine = exchanged(gateway, token)
    assert app.ask("revoke", mine).status == 200
    assert gateway.introspect(mine)["active"] is True
    gateway.ask("revoke", mine)
    assert gateway.introspect(mine) == {"active": False}
    assert app.introspect(token)["active"] is True


# --- what is presented ------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["garbage", "a.b.c", "x" * 8000])
@pytest.mark.parametrize("kind", [ACCESS_TOKEN, JWT, ID_TOKEN])
def test_garbage_is_refused(
    server: Installation, app: RelyingParty, gateway: RelyingParty, value: str, kind: str
) -> None:
    assert_refused(server, exchange(gateway, value, kind), "invalid_request", "exchanged_token_unknown")


def test_a_token_is_of_the_type_that_is_named(server: Installation, app: RelyingParty, gateway: RelyingParty) -> None:
    tokens = app.tokens(scope="openid offline_access read")
    for name, kind in (("id_token", ACCESS_TOKEN), ("access_token", ID_TOKEN), ("refresh_token", ACCESS_TOKEN)):
        answer = exchange(gateway, tokens[name], kind)
        assert_refused(server, answer, "invalid_request", "exchanged_token_unknown")


def test_refresh_tokens_are_not_exchanged(server: Installation, app: RelyingParty, gateway: RelyingParty) -> None:
    token = app.tokens(scope="openid offline_access")["refresh_token"]
    answer = exchange(gateway, token, REFRESH_TOKEN)
    assert_refused(server, answer, "invalid_request", "presented_token_type_unsupported")


@pytest.mark.parametrize("missing", ["subject_token", "subject_token_type"])
def test_what_is_required_is_required(
    server: Installation, app: RelyingParty, gateway: RelyingParty, missing: str
) -> None:
    answer = exchange(gateway, token_of(app), **{missing: None})
    assert_refused(server, answer, "invalid_request", f"{missing}_missing")


@pytest.mark.parametrize("values", [{"actor_token": "x"}, {"actor_token_type": ACCESS_TOKEN}])
def test_an_actor_token_goes_with_its_type(
    server: Installation, app: RelyingParty, gateway: RelyingParty, values: dict[str, str]
) -> None:
    answer = exchange(gateway, token_of(app), **values)
    assert_refused(server, answer, "invalid_request", "actor_token_incomplete")


@pytest.mark.parametrize("kind", [REFRESH_TOKEN, "urn:example:other"])
def test_an_actor_token_is_of_a_type_that_may_be_presented(
    server: Installation, app: RelyingParty, gateway: RelyingParty, kind: str
) -> None:
    answer = exchange(gateway, token_of(app), actor_token="x", actor_token_type=kind)
    assert_refused(server, answer, "invalid_request", "presented_token_type_unsupported")


def test_an_actor_token_of_somebody_else_is_refused(
    server: Installation, app: RelyingParty, gateway: RelyingParty
) -> None:
    stolen = token_of(app, browser=Browser(server))
    answer = exchange(gateway, token_of(app), actor_token=stolen, actor_token_type=ACCESS_TOKEN)
    assert_refused(server, answer, "invalid_request", "actor_token_of_other_client")


def test_a_client_that_was_just_switched_off_gets_nothing(
    server: Installation, app: RelyingParty, gateway: RelyingParty
) -> None:
    token = token_of(app)
    assert exchange(gateway, token).status == 200
    server.registration.disable("gateway")
    answer = exchange(gateway, token)
    assert (answer.status, server.why(answer)) == (401, "client_disabled")


def test_an_exchange_is_an_event(server: Installation, app: RelyingParty, gateway: RelyingParty) -> None:
    token = token_of(app)
    mine = claims_of(exchanged(gateway, token))
    (event,) = recorded(server, "TokenExchanged")
    assert (event["client_id"], event["rule"], event["mode"]) == ("gateway", "to-orders", "delegation")
    assert (event["user_id"], event["subject_client"], event["acting"]) == (mine["sub"], "app", "gateway")
    assert (event["subject_token_id"], event["token_id"]) == (claims_of(token)["jti"], mine["jti"])


def test_metadata_offers_the_grant(server: Installation) -> None:
    assert GRANT in server.get("/.well-known/openid-configuration").json["grant_types_supported"]
