"""Refresh tokens: rotation, grace, reuse, expiry, narrowing (RFC 6749 §6, RFC 9700 §4.14, RFC 8707 §2.2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import time_machine

from authserver.issuing.refreshing import RefreshTokenIssuer
from authserver.storage import maintenance
from authserver.storage.models.grants import RefreshToken
from tests.installation import Answer, Installation
from tests.outbox import recorded, types_recorded
from tests.relying_party import Browser, RelyingParty, claims_of

OFFLINE = "openid offline_access"
DAY = 86400


def party_with(server: Installation, **values: Any) -> RelyingParty:
    """A relying party whose client has this policy, and alice."""
    if "alice" not in server.users:
        server.add_user()
    return RelyingParty(server, *server.add_client(**values))


def offline_token(party: RelyingParty, **parameters: Any) -> str:
    return str(party.tokens(**({"scope": OFFLINE} | parameters))["refresh_token"])


def family(server: Installation) -> list[RefreshToken]:
    with server.reading() as unit:
        rows = unit.session.query(RefreshToken).order_by(RefreshToken.issued_at, RefreshToken.id)
        return list(rows)


def assert_refused(answer: Answer, server: Installation, reason: str, error: str = "invalid_grant") -> None:
    assert (answer.status, answer.json["error"]) == (400, error), answer.text
    assert "access_token" not in answer.json
    assert server.why(answer) == reason


def sign_out(server: Installation) -> None:
    with server.unit() as unit:
        [session] = unit.sessions.of_user(server.users["alice"].id)
        server.services.sessions.sign_out(unit, session)


# --- rotation ---------------------------------------------------------------------------------


def test_a_refresh_gives_new_tokens_and_a_new_refresh_token(server: Installation, relying_party: RelyingParty) -> None:
    first = relying_party.tokens(scope=OFFLINE)
    answer = relying_party.refresh(first["refresh_token"])
    assert answer.status == 200
    assert answer.json["refresh_token"] != first["refresh_token"]
    before, after = claims_of(first["access_token"]), claims_of(answer.json["access_token"])
    assert before["jti"] != after["jti"]
    assert [before[name] for name in ("sub", "grant_id", "aud", "scope", "auth_time", "sid")] == [
        after[name] for name in ("sub", "grant_id", "aud", "scope", "auth_time", "sid")
    ]


def test_the_event_names_the_new_token(server: Installation, relying_party: RelyingParty) -> None:
    answer = relying_party.refresh(offline_token(relying_party))
    [event] = recorded(server, "TokenRefreshed")
    assert event["token_id"] == claims_of(answer.json["access_token"])["jti"]
    assert (event["rotated"], event["repeated"]) == (True, False)


def test_an_id_token_after_a_refresh_is_about_the_same_sign_in(relying_party: RelyingParty) -> None:
    first = relying_party.tokens(scope=OFFLINE)
    second = relying_party.refresh(first["refresh_token"]).json
    before, after = claims_of(first["id_token"]), claims_of(second["id_token"])
    for name in ("iss", "sub", "aud", "auth_time", "sid", "acr", "amr"):
        assert before[name] == after[name]
    assert "nonce" not in after


def test_a_used_token_introspects_as_inactive_at_once(relying_party: RelyingParty) -> None:
    token = offline_token(relying_party)
    assert relying_party.introspect(token)["active"] is True
    successor = relying_party.refresh(token).json["refresh_token"]
    assert relying_party.introspect(token) == {"active": False}
    assert relying_party.introspect(successor)["active"] is True


# --- grace ------------------------------------------------------------------------------------


def test_a_repeat_in_the_grace_gets_the_same_successor(
    frozen_time: time_machine.Traveller, server: Installation, relying_party: RelyingParty
) -> None:
    token = offline_token(relying_party)
    first = relying_party.refresh(token).json
    frozen_time.shift(9.999)
    again = relying_party.refresh(token).json
    assert again["refresh_token"] == first["refresh_token"]
    assert again["access_token"] != first["access_token"]
    assert len(family(server)) == 2
    assert [event["repeated"] for event in recorded(server, "TokenRefreshed")] == [False, True]


def test_a_repeat_after_the_grace_ends_the_family(
    frozen_time: time_machine.Traveller, server: Installation, relying_party: RelyingParty
) -> None:
    token = offline_token(relying_party)
    fresh = relying_party.refresh(token).json
    frozen_time.shift(10)
    assert_refused(relying_party.refresh(token), server, "refresh_token_reused")
    assert relying_party.introspect(fresh["access_token"]) == {"active": False}
    assert_refused(relying_party.refresh(fresh["refresh_token"]), server, "family_revoked")


def test_a_repeat_after_the_successor_was_used_ends_the_family(
    server: Installation, relying_party: RelyingParty
) -> None:
    token = offline_token(relying_party)
    successor = relying_party.refresh(token).json["refresh_token"]
    last = relying_party.refresh(successor).json
    assert_refused(relying_party.refresh(token), server, "refresh_token_reused")
    assert relying_party.introspect(last["access_token"]) == {"active": False}
    assert_refused(relying_party.refresh(last["refresh_token"]), server, "family_revoked")


def test_the_end_of_a_family_is_told_and_stays_told(server: Installation, relying_party: RelyingParty) -> None:
    token = offline_token(relying_party)
    successor = relying_party.refresh(token).json["refresh_token"]
    relying_party.refresh(successor)
    relying_party.refresh(token)
    told = recorded(server, "SuspiciousActivityDetected", "RefreshTokenRevoked", "GrantRevoked")
    assert [event["type"] for event in told] == ["SuspiciousActivityDetected", "RefreshTokenRevoked", "GrantRevoked"]
    assert {event["reason"] for event in told} == {"refresh_token_reused"}
    assert all(row.revoked_at is not None and row.successor_sealed is None for row in family(server))


def test_reuse_is_noticed_whatever_else_the_request_asks(server: Installation, relying_party: RelyingParty) -> None:
    token = offline_token(relying_party)
    relying_party.refresh(relying_party.refresh(token).json["refresh_token"])
    assert_refused(relying_party.refresh(token, scope="email"), server, "refresh_token_reused")
    assert "GrantRevoked" in types_recorded(server)


def test_every_check_is_made_again_for_a_repeat(server: Installation, relying_party: RelyingParty) -> None:
    token = offline_token(relying_party)
    relying_party.refresh(token)
    with server.unit() as unit:
        unit.users.get(server.users["alice"].id).is_active = False
    assert_refused(relying_party.refresh(token), server, "user_disabled")


def test_a_repeat_may_not_widen_its_scope(server: Installation, relying_party: RelyingParty) -> None:
    token = offline_token(relying_party)
    relying_party.refresh(token)
    assert_refused(
        relying_party.refresh(token, scope="openid email"), server, "scope_wider_than_granted", "invalid_scope"
    )


def test_the_sealed_successor_is_erased_when_the_successor_is_used(
    server: Installation, relying_party: RelyingParty
) -> None:
    token = offline_token(relying_party)
    successor = relying_party.refresh(token).json["refresh_token"]
    assert [row.successor_sealed is not None for row in family(server)] == [True, False]
    relying_party.refresh(successor)
    assert [row.successor_sealed is not None for row in family(server)] == [False, True, False]


def test_the_sealed_successor_is_erased_when_the_grace_ends(
    frozen_time: time_machine.Traveller, server: Installation, relying_party: RelyingParty
) -> None:
    relying_party.refresh(offline_token(relying_party))
    assert maintenance.erase_sealed_successors(server.services.database) == 0
    frozen_time.shift(10)
    assert maintenance.erase_sealed_successors(server.services.database) == 1
    assert [row.successor_sealed for row in family(server)] == [None, None]


def test_a_sealed_successor_opens_for_the_presented_token_alone(
    server: Installation, relying_party: RelyingParty
) -> None:
    first, second = offline_token(relying_party), offline_token(relying_party)
    successor = relying_party.refresh(first).json["refresh_token"]
    relying_party.refresh(second)
    rows = {row.digest: row for row in family(server) if row.successor_sealed}
    sealed = [row.successor_sealed for row in rows.values()]
    assert all(successor.encode() not in (value or b"") for value in sealed)
    with server.unit() as unit:
        for row, value in zip(rows.values(), reversed(sealed), strict=True):
            known = unit.session.get(RefreshToken, row.id)
            assert known is not None
            known.successor_sealed = value
    assert_refused(relying_party.refresh(first), server, "refresh_token_reused")


def test_a_sealed_successor_opens_with_the_servers_pepper_alone(
    server: Installation, relying_party: RelyingParty
) -> None:
    token = offline_token(relying_party)
    successor = relying_party.refresh(token).json["refresh_token"]
    client = server.services.clients.find("app")
    opened = []
    for pepper in (server.settings.pepper, b"the pepper of another installation"):
        with server.unit() as unit:
            found = RefreshTokenIssuer(server.services.handles, pepper).repeat(unit, token, family(server)[0], client)
        opened.append(found.value if found else None)
    assert opened == [successor, None]


def test_a_used_successor_is_not_handed_out_again_even_if_it_is_still_sealed(
    server: Installation, relying_party: RelyingParty
) -> None:
    token = offline_token(relying_party)
    successor = relying_party.refresh(token).json["refresh_token"]
    before = family(server)[0]
    relying_party.refresh(successor)
    with server.unit() as unit:
        known = unit.session.get(RefreshToken, before.id)
        assert known is not None
        known.successor_sealed, known.grace_until = before.successor_sealed, before.grace_until
    assert_refused(relying_party.refresh(token), server, "refresh_token_reused")


# --- grace 0: rows to the letter ------------------------------------------------


def test_without_grace_a_repeat_ends_the_family(server: Installation) -> None:
    party = party_with(server, policy={"refresh_grace": 0})
    token = offline_token(party)
    fresh = party.refresh(token).json
    assert [row.successor_sealed for row in family(server)] == [None, None]
    assert_refused(party.refresh(token), server, "refresh_token_reused")
    assert_refused(party.refresh(fresh["refresh_token"]), server, "family_revoked")
    assert party.introspect(fresh["access_token"]) == {"active": False}


def test_a_grace_taken_away_counts_at_once(server: Installation, relying_party: RelyingParty) -> None:
    token = offline_token(relying_party)
    relying_party.refresh(token)
    server.registration.update("app", {"policy": {"refresh_grace": 0}})
    server.services.clients.forget()
    assert_refused(relying_party.refresh(token), server, "refresh_token_reused")


def test_the_setting_decides_the_grace_of_clients_without_one_of_their_own(make_server: Any) -> None:
    server = make_server(refresh_grace=0)
    party = party_with(server)
    token = offline_token(party)
    party.refresh(token)
    assert_refused(party.refresh(token), server, "refresh_token_reused")


def test_reuse_ends_the_session_only_where_policy_says_so(server: Installation) -> None:
    for client_id, ends in (("lenient", False), ("strict", True)):
        party = party_with(server, client_id=client_id, policy={"refresh_grace": 0, "reuse_ends_session": ends})
        browser = Browser(server)
        token = party.tokens(browser, scope=OFFLINE)["refresh_token"]
        party.refresh(token)
        party.refresh(token)
        assert ("code" in party.sign_in(browser, prompt="none")) is not ends


# --- without rotation -------------------------------------------------------------------------


def test_without_rotation_the_token_stays_and_lives_on(
    frozen_time: time_machine.Traveller, server: Installation
) -> None:
    party = party_with(server, policy={"rotate_refresh_tokens": False, "refresh_idle_ttl": 3600})
    token = offline_token(party)
    for _ in range(3):
        frozen_time.shift(3599)
        assert party.refresh(token).json["refresh_token"] == token
    assert len(family(server)) == 1
    assert {event["rotated"] for event in recorded(server, "TokenRefreshed")} == {False}
    frozen_time.shift(3600)
    assert_refused(party.refresh(token), server, "refresh_token_unused_too_long")


def test_without_rotation_the_family_ends_all_the_same(
    frozen_time: time_machine.Traveller, server: Installation
) -> None:
    party = party_with(
        server, policy={"rotate_refresh_tokens": False, "refresh_idle_ttl": 3600, "refresh_max_ttl": 5000}
    )
    token = offline_token(party)
    frozen_time.shift(3000)
    party.refresh(token)
    frozen_time.shift(2000)
    assert_refused(party.refresh(token), server, "refresh_token_too_old")


# --- expiry -----------------------------------------------------------------------------------


def test_a_token_that_is_not_used_dies_after_seven_days(
    frozen_time: time_machine.Traveller, server: Installation, relying_party: RelyingParty
) -> None:
    first, second = offline_token(relying_party), offline_token(relying_party)
    frozen_time.shift(7 * DAY - 1)
    assert relying_party.refresh(first).status == 200
    frozen_time.shift(1)
    assert relying_party.introspect(second) == {"active": False}
    assert_refused(relying_party.refresh(second), server, "refresh_token_unused_too_long")


def test_a_family_dies_after_its_longest_life_however_often_it_is_used(
    frozen_time: time_machine.Traveller, server: Installation
) -> None:
    party = party_with(server, policy={"refresh_max_ttl": 10 * DAY})
    token = offline_token(party)
    for _ in range(2):
        frozen_time.shift(4 * DAY)
        token = party.refresh(token).json["refresh_token"]
    frozen_time.shift(2 * DAY)
    assert_refused(party.refresh(token), server, "refresh_token_too_old")


# --- sessions ---------------------------------------------------------------------------------


def test_offline_tokens_outlive_logout_and_their_access_tokens_do_not(
    server: Installation, relying_party: RelyingParty
) -> None:
    tokens = relying_party.tokens(scope=OFFLINE)
    sign_out(server)
    assert relying_party.introspect(tokens["access_token"]) == {"active": False}
    answer = relying_party.refresh(tokens["refresh_token"])
    assert answer.status == 200
    claims = claims_of(answer.json["access_token"])
    assert "sid" not in claims
    assert relying_party.introspect(answer.json["access_token"])["active"] is True


def test_other_tokens_end_with_logout(server: Installation, relying_party: RelyingParty) -> None:
    tokens = relying_party.tokens(scope="profile", nonce=None)
    sign_out(server)
    assert relying_party.introspect(tokens["refresh_token"]) == {"active": False}
    assert_refused(relying_party.refresh(tokens["refresh_token"]), server, "grant_revoked")


def test_expiry_of_the_session_ends_no_offline_grant(
    frozen_time: time_machine.Traveller, server: Installation, relying_party: RelyingParty
) -> None:
    offline = offline_token(relying_party)
    bound = relying_party.tokens(scope="profile", nonce=None)["refresh_token"]
    frozen_time.shift(12 * 3600)
    assert relying_party.refresh(offline).status == 200
    assert_refused(relying_party.refresh(bound), server, "session_expired")


# --- whose token it is ------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["garbage", "☃", "a" * 54, "a.b.c"])
def test_what_is_no_refresh_token_is_refused(server: Installation, relying_party: RelyingParty, value: str) -> None:
    assert_refused(relying_party.refresh(value), server, "refresh_token_unknown")


def test_an_access_token_or_code_is_no_refresh_token(server: Installation, relying_party: RelyingParty) -> None:
    assert_refused(relying_party.refresh(relying_party.code()), server, "refresh_token_unknown")
    assert_refused(relying_party.refresh(relying_party.tokens()["access_token"]), server, "refresh_token_unknown")


def test_another_client_gets_nothing_and_ends_nothing(server: Installation, relying_party: RelyingParty) -> None:
    other = replace(relying_party, client_id="other", secret=server.add_client("other")[1])
    token = offline_token(relying_party)
    relying_party.refresh(relying_party.refresh(token).json["refresh_token"])
    assert_refused(other.refresh(token), server, "refresh_token_of_other_client")
    assert "GrantRevoked" not in types_recorded(server)


def test_a_revoked_grant_ends_its_refresh_tokens(server: Installation, relying_party: RelyingParty) -> None:
    token = offline_token(relying_party)
    with server.unit() as unit:
        unit.grants.revoke_of_user(server.users["alice"].id, "consent_revoked")
    assert_refused(relying_party.refresh(token), server, "grant_revoked")


# --- narrowing --------------------------------------------------------------------------------


def test_a_narrower_scope_does_not_shrink_the_family(relying_party: RelyingParty) -> None:
    token = offline_token(relying_party, scope=f"{OFFLINE} email profile")
    narrow = relying_party.refresh(token, scope="openid email").json
    assert narrow["scope"] == "email openid"
    whole = relying_party.refresh(narrow["refresh_token"]).json
    assert whole["scope"] == "email offline_access openid profile"


def test_a_wider_scope_is_refused_and_uses_nothing_up(server: Installation, relying_party: RelyingParty) -> None:
    token = offline_token(relying_party)
    for scope in ("openid email", "admin"):
        answer = relying_party.refresh(token, scope=scope)
        assert_refused(answer, server, "scope_wider_than_granted", "invalid_scope")
    assert relying_party.refresh(token).status == 200


def test_a_scope_that_the_client_lost_is_left_out(server: Installation, relying_party: RelyingParty) -> None:
    token = offline_token(relying_party, scope=f"{OFFLINE} email")
    server.registration.update("app", {"scopes": frozenset({"openid", "offline_access"})})
    server.services.clients.forget()
    assert relying_party.refresh(token).json["scope"] == "offline_access openid"


def test_an_id_token_ends_with_the_scope_openid_of_the_client(
    server: Installation, relying_party: RelyingParty
) -> None:
    token = offline_token(relying_party)
    server.registration.update("app", {"scopes": frozenset({"email", "offline_access"})})
    server.services.clients.forget()
    assert "id_token" not in relying_party.refresh(token).json


def test_a_resource_narrows_the_audience_of_one_token(server: Installation) -> None:
    orders = server.add_resource("https://orders.example", scopes=("orders:read",))
    bills = server.add_resource("https://bills.example", scopes=("bills:read",))
    scopes = frozenset({"openid", "offline_access", "orders:read", "bills:read"})
    party = party_with(server, resources=(orders, bills), scopes=scopes)
    first = party.tokens(scope=f"{OFFLINE} orders:read bills:read", resource=[orders, bills])
    narrow = party.refresh(first["refresh_token"], resource=orders).json
    claims = claims_of(narrow["access_token"])
    assert (claims["aud"], claims["scope"]) == (orders, "orders:read")
    whole = claims_of(party.refresh(narrow["refresh_token"]).json["access_token"])
    assert sorted(whole["aud"]) == sorted([orders, bills, server.settings.issuer])


def test_a_resource_that_was_not_authorized_is_refused(server: Installation) -> None:
    orders = server.add_resource("https://orders.example", scopes=("orders:read",))
    bills = server.add_resource("https://bills.example", scopes=("bills:read",))
    scopes = frozenset({"openid", "offline_access", "orders:read", "bills:read"})
    party = party_with(server, resources=(orders, bills), scopes=scopes)
    token = offline_token(party, scope=f"{OFFLINE} orders:read", resource=orders)
    assert_refused(party.refresh(token, resource=bills), server, "resource_not_authorized", "invalid_target")
    assert party.refresh(token).status == 200
