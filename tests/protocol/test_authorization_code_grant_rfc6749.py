"""Redeeming an authorization code: every binding, and what a second use ends (RFC 6749 §4.1.3, §10.5; RFC 9700)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import time_machine

from tests.installation import REDIRECT_URI, Answer, Installation
from tests.outbox import recorded, types_recorded
from tests.relying_party import Browser, RelyingParty, claims_of

OFFLINE = "openid offline_access"


def assert_invalid_grant(answer: Answer, server: Installation, reason: str) -> None:
    assert (answer.status, answer.json["error"]) == (400, "invalid_grant"), answer.text
    assert "access_token" not in answer.json
    assert server.why(answer) == reason


def test_a_code_is_redeemed_for_tokens(relying_party: RelyingParty) -> None:
    answer = relying_party.redeem(relying_party.code(scope=OFFLINE))
    assert answer.status == 200
    assert answer.json.keys() == {"access_token", "token_type", "expires_in", "scope", "refresh_token", "id_token"}
    assert answer.json["scope"] == "offline_access openid"


def test_the_event_names_the_token_and_the_family(server: Installation, relying_party: RelyingParty) -> None:
    tokens = relying_party.tokens(scope=OFFLINE)
    claims = claims_of(tokens["access_token"])
    [event] = recorded(server, "TokensIssued")
    assert (event["token_id"], event["grant_id"]) == (claims["jti"], claims["grant_id"])
    assert event["family_id"] == claims["grant_id"]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("https://app.example/callback/", "redirect_uri_mismatch"),
        ("https://app.example/CALLBACK", "redirect_uri_mismatch"),
        ("https://app.example/callback?", "redirect_uri_mismatch"),
        ("https://evil.example/ü", "redirect_uri_mismatch"),
    ],
)
def test_the_redirect_uri_is_the_same_to_the_letter(
    server: Installation, relying_party: RelyingParty, value: str, reason: str
) -> None:
    code = relying_party.code()
    assert_invalid_grant(relying_party.redeem(code, redirect_uri=value), server, reason)
    assert relying_party.redeem(code).status == 200


@pytest.mark.parametrize(
    ("verifier", "reason"),
    [
        (None, "pkce_verifier_missing"),
        ("x" * 42, "pkce_verifier_malformed"),
        ("x" * 42 + "!", "pkce_verifier_malformed"),
        ("v" * 64, "pkce_mismatch"),
    ],
)
def test_the_verifier_is_the_one_of_the_challenge(
    server: Installation, relying_party: RelyingParty, verifier: str | None, reason: str
) -> None:
    code = relying_party.code()
    assert_invalid_grant(relying_party.redeem(code, code_verifier=verifier), server, reason)
    assert relying_party.redeem(code).status == 200


def test_a_verifier_without_a_challenge_is_a_downgrade(server: Installation) -> None:
    server.add_user()
    party = RelyingParty(server, *server.add_client(profile="oidc"))
    code = party.code(code_challenge=None, code_challenge_method=None)
    assert_invalid_grant(party.redeem(code), server, "pkce_downgrade")
    assert party.redeem(code, code_verifier=None).status == 200


def test_a_code_is_of_its_client_alone(server: Installation, relying_party: RelyingParty) -> None:
    other = replace(relying_party, client_id="other", secret=server.add_client("other")[1])
    code = relying_party.code()
    assert_invalid_grant(other.redeem(code), server, "code_of_other_client")
    assert relying_party.redeem(code).status == 200


@pytest.mark.parametrize("code", ["garbage", "☃", "a" * 54])
def test_what_is_no_code_is_refused(server: Installation, relying_party: RelyingParty, code: str) -> None:
    assert_invalid_grant(relying_party.redeem(code), server, "code_unknown")


def test_other_handles_are_no_codes(server: Installation, relying_party: RelyingParty) -> None:
    refresh_token = relying_party.tokens(scope=OFFLINE)["refresh_token"]
    assert_invalid_grant(relying_party.redeem(refresh_token), server, "code_unknown")


def test_a_code_dies_at_its_lifetime_and_not_before(
    frozen_time: time_machine.Traveller, server: Installation, relying_party: RelyingParty
) -> None:
    early, late = relying_party.code(), relying_party.code()
    frozen_time.shift(59.999)
    assert relying_party.redeem(early).status == 200
    frozen_time.shift(0.001)
    assert_invalid_grant(relying_party.redeem(late), server, "code_expired")


def test_second_use_of_a_code_revokes_its_tokens(server: Installation, relying_party: RelyingParty) -> None:
    code = relying_party.code(scope=OFFLINE)
    tokens = relying_party.redeem(code).json
    assert_invalid_grant(relying_party.redeem(code), server, "code_replayed")
    assert relying_party.introspect(tokens["access_token"]) == {"active": False}
    assert relying_party.introspect(tokens["refresh_token"]) == {"active": False}
    assert relying_party.userinfo(tokens["access_token"]).status == 401
    assert_invalid_grant(relying_party.refresh(tokens["refresh_token"]), server, "family_revoked")


def test_second_use_ends_tokens_of_later_refreshes_too(server: Installation, relying_party: RelyingParty) -> None:
    code = relying_party.code(scope=OFFLINE)
    refreshed = relying_party.refresh(relying_party.redeem(code).json["refresh_token"]).json
    relying_party.redeem(code)
    assert relying_party.introspect(refreshed["access_token"]) == {"active": False}
    assert_invalid_grant(relying_party.refresh(refreshed["refresh_token"]), server, "family_revoked")


def test_second_use_is_told_and_stays_told_after_the_refusal(server: Installation, relying_party: RelyingParty) -> None:
    code = relying_party.code(scope=OFFLINE)
    grant_id = claims_of(relying_party.redeem(code).json["access_token"])["grant_id"]
    relying_party.redeem(code)
    told = recorded(server, "SuspiciousActivityDetected", "RefreshTokenRevoked", "GrantRevoked")
    assert [event["type"] for event in told] == ["SuspiciousActivityDetected", "RefreshTokenRevoked", "GrantRevoked"]
    assert {(event["grant_id"], event["reason"]) for event in told} == {(grant_id, "code_replayed")}
    with server.reading() as unit:
        grant = unit.grants.find(grant_id)
    assert grant is not None
    assert (grant.revoked_at is not None, grant.revoke_reason) == (True, "code_replayed")


def test_second_use_after_the_codes_end_still_revokes(
    frozen_time: time_machine.Traveller, server: Installation, relying_party: RelyingParty
) -> None:
    code = relying_party.code()
    tokens = relying_party.redeem(code).json
    frozen_time.shift(600)
    assert_invalid_grant(relying_party.redeem(code), server, "code_replayed")
    assert relying_party.introspect(tokens["access_token"]) == {"active": False}


@pytest.mark.parametrize(
    "wrong",
    [{"code_verifier": "v" * 64}, {"code_verifier": None}, {"redirect_uri": "https://app.example/"}],
)
def test_who_cannot_prove_possession_revokes_nothing(
    server: Installation, relying_party: RelyingParty, wrong: dict[str, Any]
) -> None:
    code = relying_party.code()
    tokens = relying_party.redeem(code).json
    assert relying_party.redeem(code, **wrong).status == 400
    assert relying_party.introspect(tokens["access_token"])["active"] is True
    assert "GrantRevoked" not in types_recorded(server)


def test_another_client_revokes_nothing(server: Installation, relying_party: RelyingParty) -> None:
    other = replace(relying_party, client_id="other", secret=server.add_client("other")[1])
    code = relying_party.code()
    tokens = relying_party.redeem(code).json
    assert_invalid_grant(other.redeem(code), server, "code_of_other_client")
    assert relying_party.introspect(tokens["access_token"])["active"] is True


def test_replay_ends_the_session_only_where_policy_says_so(server: Installation) -> None:
    server.add_user()
    for client_id, ends in (("lenient", False), ("strict", True)):
        client = server.add_client(client_id, policy={"reuse_ends_session": ends})
        party, browser = RelyingParty(server, *client), Browser(server)
        code = party.code(browser)
        party.redeem(code)
        party.redeem(code)
        silent = party.sign_in(browser, prompt="none")
        assert ("code" in silent) is not ends, silent
    assert [event["reason"] for event in recorded(server, "SessionEnded")] == ["code_replayed"]


def test_a_code_dies_with_its_session(server: Installation, relying_party: RelyingParty) -> None:
    code = relying_party.code(scope=OFFLINE)
    with server.unit() as unit:
        [session] = unit.sessions.of_user(server.users["alice"].id)
        server.services.sessions.sign_out(unit, session)
    assert_invalid_grant(relying_party.redeem(code), server, "session_ended")


def test_a_code_dies_with_its_person(server: Installation, relying_party: RelyingParty) -> None:
    code = relying_party.code()
    with server.unit() as unit:
        unit.users.get(server.users["alice"].id).is_active = False
    assert_invalid_grant(relying_party.redeem(code), server, "user_disabled")


def test_a_code_dies_with_its_grant(server: Installation, relying_party: RelyingParty) -> None:
    code = relying_party.code()
    with server.unit() as unit:
        unit.grants.revoke_of_user(server.users["alice"].id, "consent_revoked")
    assert_invalid_grant(relying_party.redeem(code), server, "grant_revoked")


def test_a_client_disabled_meanwhile_gets_nothing(server: Installation, relying_party: RelyingParty) -> None:
    code = relying_party.code()
    server.registration.disable("app")
    answer = relying_party.redeem(code)
    assert answer.status in {400, 401}
    assert answer.json["error"] in {"invalid_grant", "invalid_client"}


def test_a_scope_that_the_client_lost_meanwhile_is_left_out(server: Installation, relying_party: RelyingParty) -> None:
    code = relying_party.code(scope="openid profile email")
    server.registration.update("app", {"scopes": frozenset({"openid", "email"})})
    server.services.clients.forget()
    answer = relying_party.redeem(code)
    assert answer.json["scope"] == "email openid"


def test_a_grant_that_the_client_lost_meanwhile_is_refused(server: Installation, relying_party: RelyingParty) -> None:
    code = relying_party.code()
    server.registration.update("app", {"grant_types": ("client_credentials",), "redirect_uris": ()})
    server.services.clients.forget()
    assert relying_party.redeem(code).json["error"] == "unauthorized_client"


def test_a_redirect_uri_that_was_removed_meanwhile_redeems_nothing(
    server: Installation, relying_party: RelyingParty
) -> None:
    code = relying_party.code()
    server.registration.update("app", {"redirect_uris": ("https://app.example/other",)})
    server.services.clients.forget()
    assert_invalid_grant(relying_party.redeem(code), server, "redirect_uri_removed")
    assert recorded(server, "TokensIssued") == []


@pytest.mark.parametrize("uris", [("http://127.0.0.1:1/cb",), ()])
def test_a_native_client_keeps_its_ports_and_loses_what_was_removed(
    server: Installation, uris: tuple[str, ...]
) -> None:
    server.add_user()
    values: dict[str, Any] = {"redirect_uris": ("http://127.0.0.1/cb", "com.example.app:/cb")}
    server.add_client("native", token_endpoint_auth_method="none", application_type="native", **values)
    party = RelyingParty(server, "native", redirect_uri="http://127.0.0.1:49152/cb")
    code = party.code()
    server.registration.update("native", {"redirect_uris": (*uris, "com.example.app:/cb")})
    server.services.clients.forget()
    assert party.redeem(code).status == (200 if uris else 400)


@pytest.mark.parametrize(("profile", "status"), [("default", 400), ("oidc", 200)])
def test_a_code_without_a_challenge_dies_when_the_client_must_send_one(
    server: Installation, profile: str, status: int
) -> None:
    server.add_user()
    party = RelyingParty(server, *server.add_client(profile="oidc"))
    code = party.code(code_challenge=None, code_challenge_method=None)
    server.registration.update("app", {"profile": profile})
    server.services.clients.forget()
    answer = party.redeem(code, code_verifier=None)
    assert answer.status == status
    if status == 400:
        assert_invalid_grant(answer, server, "pkce_required_meanwhile")


def test_a_refresh_token_needs_offline_access_in_openid_requests(relying_party: RelyingParty) -> None:
    assert "refresh_token" not in relying_party.tokens(scope="openid profile")
    assert "refresh_token" in relying_party.tokens(scope="profile", nonce=None)


def test_policy_may_give_refresh_tokens_always(server: Installation) -> None:
    server.add_user()
    party = RelyingParty(server, *server.add_client(policy={"refresh_tokens": "always"}))
    assert "refresh_token" in party.tokens(scope="openid")


def test_a_client_without_the_refresh_grant_gets_no_refresh_token(server: Installation) -> None:
    server.add_user()
    party = RelyingParty(server, *server.add_client(grant_types=("authorization_code",)))
    assert "refresh_token" not in party.tokens(scope="profile", nonce=None)


def test_a_public_client_redeems_with_its_verifier_alone(server: Installation) -> None:
    server.add_user()
    server.add_client("spa", token_endpoint_auth_method="none")
    party = RelyingParty(server, "spa", redirect_uri=REDIRECT_URI)
    assert party.redeem(party.code()).status == 200
    assert_invalid_grant(party.redeem(party.code(), code_verifier=None), server, "pkce_verifier_missing")


def test_codes_are_stored_as_digests_alone(server: Installation, relying_party: RelyingParty) -> None:
    code = relying_party.code(scope=OFFLINE)
    tokens = relying_party.redeem(code).json
    with server.services.database.engine.connect() as connection:
        dump = "".join(connection.connection.driver_connection.iterdump())
    for secret in (code, tokens["refresh_token"], tokens["access_token"]):
        assert secret not in dump
        assert secret.encode().hex() not in dump.lower()
