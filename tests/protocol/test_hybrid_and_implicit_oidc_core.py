"""The implicit and hybrid flows (OIDC Core §3.2, §3.3; OAuth 2.0 Multiple Response Types §5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from authserver.clients.extensions import Extensions
from authserver.events.outbound import Outbound
from authserver.login.interactions import InteractionLedger
from authserver.storage.models.grants import Grant
from authserver.tokens.id_tokens import left_half_hash
from tests.client_keys import jwks, stored
from tests.installation import Installation
from tests.outbox import recorded
from tests.published_keys import REACHABLE, published
from tests.relying_party import Browser, RelyingParty, claims_of

EVERY_TYPE = ("code", "id_token", "id_token token", "code id_token", "code token", "code id_token token")


@pytest.fixture
def party(server: Installation) -> RelyingParty:
    server.add_user(name="carol", claims={"nickname": "Caro"})
    client_id, secret = server.add_client(
        "hybrid",
        profile="oidc",
        grant_types=("authorization_code", "implicit", "refresh_token"),
        response_types=EVERY_TYPE,
        policy={"consent": "skip"},
    )
    return RelyingParty(server, client_id, secret)


def answered(party: RelyingParty, response_type: str, **parameters: object) -> dict[str, str]:
    browser = Browser(party.installation)
    values = {"response_type": response_type, "code_challenge": None, "code_challenge_method": None} | parameters
    return party.sign_in(browser, "carol", **values)


@pytest.mark.parametrize("response_type", EVERY_TYPE)
def test_the_answer_has_what_the_response_type_names(party: RelyingParty, response_type: str) -> None:
    response = answered(party, response_type)
    words = {"code": "code", "id_token": "id_token", "token": "access_token"}
    assert {word for word, member in words.items() if member in response} == set(response_type.split())
    assert (response["state"], response["iss"]) == ("state-1", party.installation.settings.issuer)


@pytest.mark.parametrize("response_type", EVERY_TYPE[1:])
def test_what_has_a_token_travels_in_the_fragment(party: RelyingParty, response_type: str) -> None:
    browser = Browser(party.installation)
    page = party.request(browser, response_type=response_type)
    answer = browser.sign_in(page, "carol")
    assert "#" in answer.location
    assert "?" not in answer.location


def test_the_order_of_the_words_means_nothing(party: RelyingParty) -> None:
    assert "id_token" in answered(party, "token id_token code")


def test_the_id_token_vouches_for_what_it_travels_with(party: RelyingParty) -> None:
    response = answered(party, "code id_token token")
    claims = claims_of(response["id_token"])
    assert claims["at_hash"] == left_half_hash(response["access_token"], "RS256")
    assert claims["c_hash"] == left_half_hash(response["code"], "RS256")
    assert claims["s_hash"] == left_half_hash("state-1", "RS256")
    assert claims["nonce"] == "nonce-1"


def test_both_id_tokens_are_about_the_same_person(party: RelyingParty) -> None:
    response = answered(party, "code id_token")
    redeemed = party.redeem(response["code"], code_verifier=None).json
    assert claims_of(redeemed["id_token"])["sub"] == claims_of(response["id_token"])["sub"]


def test_an_access_token_of_the_front_channel_opens_userinfo(party: RelyingParty) -> None:
    response = answered(party, "id_token token", scope="openid profile")
    assert response["token_type"] == "Bearer"
    assert int(response["expires_in"]) > 0
    assert party.userinfo(response["access_token"]).json["nickname"] == "Caro"
    assert "nickname" not in claims_of(response["id_token"])


def test_without_an_access_token_the_scopes_claims_are_in_the_id_token(party: RelyingParty) -> None:
    assert claims_of(answered(party, "id_token", scope="openid profile")["id_token"])["nickname"] == "Caro"


@pytest.mark.parametrize("response_type", ["id_token", "id_token token", "code id_token", "code id_token token"])
def test_an_id_token_needs_a_nonce(party: RelyingParty, response_type: str) -> None:
    """oidcc-ensure-request-without-nonce-fails"""
    answer = party.request(Browser(party.installation), response_type=response_type, nonce=None)
    assert party.response(answer)["error"] == "invalid_request"
    assert party.installation.why(answer) == "nonce_missing"


def test_code_token_needs_no_nonce(party: RelyingParty) -> None:
    assert "code" in answered(party, "code token", nonce=None)


def test_an_id_token_needs_openid(party: RelyingParty) -> None:
    answer = party.request(Browser(party.installation), response_type="id_token", scope="profile")
    assert party.installation.why(answer) == "openid_missing"


def test_tokens_never_travel_in_the_query(party: RelyingParty) -> None:
    answer = party.request(Browser(party.installation), response_type="code id_token", response_mode="query")
    assert party.installation.why(answer) == "response_mode_unsupported"
    assert "#error=" in answer.location


def test_a_response_type_that_was_not_registered_is_refused(relying_party: RelyingParty) -> None:
    answer = relying_party.request(Browser(relying_party.installation), response_type="id_token")
    assert relying_party.response(answer)["error"] == "unauthorized_client"


@pytest.mark.parametrize(
    "columns", [{"response_types": ["code", "id_token"]}, {"grant_types": ["authorization_code", "refresh_token"]}]
)
def test_response_type_and_its_grants_are_both_needed(party: RelyingParty, columns: dict[str, list[str]]) -> None:
    stored(party.installation, "hybrid", **columns)
    answer = party.request(Browser(party.installation), response_type="id_token token")
    assert party.installation.why(answer) == "response_type_not_allowed"


def test_of_two_response_types_or_modes_none_decides(party: RelyingParty) -> None:
    two = {"response_type": ["code id_token", "code"], "response_mode": ["form_post", "query"]}
    for parameters in (two, {"response_type": "code", "response_mode": ["form_post", "query"]}):
        answer = party.request(Browser(party.installation), **parameters)
        assert "?error=invalid_request&" in answer.location


def test_replaying_the_code_ends_the_front_channels_token_too(party: RelyingParty) -> None:
    response = answered(party, "code token")
    assert party.redeem(response["code"], code_verifier=None).status == 200
    assert party.redeem(response["code"], code_verifier=None).status == 400
    assert party.userinfo(response["access_token"]).status == 401


def test_offline_access_means_nothing_without_a_code(party: RelyingParty) -> None:
    response = answered(party, "id_token token", scope="openid offline_access")
    assert response["scope"] == "openid"


def test_a_public_client_may_use_the_implicit_flow_without_pkce(server: Installation, party: RelyingParty) -> None:
    server.add_client(
        "spa",
        profile="oidc",
        token_endpoint_auth_method="none",
        grant_types=("implicit",),
        response_types=("id_token",),
        policy={"consent": "skip"},
    )
    assert "id_token" in answered(RelyingParty(server, "spa"), "id_token")


# --- answers that nobody could read -----------------------------------------------------------


def encrypting(server: Installation, **more: Any) -> RelyingParty:
    """A client of all response types whose ID tokens and answers are encrypted."""
    server.add_user()
    wanted = {f"{kind}_encrypted_response_alg": "ECDH-ES" for kind in ("id_token", "authorization")}
    chosen: dict[str, Any] = {
        "profile": "oidc",
        "grant_types": ("authorization_code", "implicit"),
        "response_types": EVERY_TYPE,
        "extensions": Extensions(**wanted),
        "jwks": jwks("EC"),
    }
    return RelyingParty(server, *server.add_client("secretive", **(chosen | more)))


def grants(server: Installation) -> int:
    with server.reading() as unit:
        return unit.session.scalar(select(func.count()).select_from(Grant)) or 0


UNREADABLE = [{"response_type": "id_token"}, {"response_type": "code id_token"}, {"response_mode": "jwt"}]


@pytest.mark.parametrize("parameters", UNREADABLE)
def test_without_a_key_for_the_answer_nobody_is_asked_to_sign_in(
    server: Installation, parameters: dict[str, str]
) -> None:
    party, browser = encrypting(server), Browser(server)
    stored(server, "secretive", jwks={"keys": []})
    answer = party.request(browser, **parameters)
    assert browser.path != "/login"
    assert server.why(answer) == "recipient_key_missing"


@pytest.mark.parametrize("parameters", UNREADABLE)
def test_a_key_that_goes_meanwhile_leaves_no_grant_behind(server: Installation, parameters: dict[str, str]) -> None:
    party, browser = encrypting(server, policy={"consent": "skip"}), Browser(server)
    page = party.request(browser, **parameters)
    stored(server, "secretive", jwks={"keys": []})
    answer = browser.sign_in(page)
    assert server.why(answer) == "recipient_key_missing"
    assert grants(server) == 0


def test_the_event_names_the_access_token_if_there_is_one(party: RelyingParty) -> None:
    answered(party, "id_token")
    token = claims_of(answered(party, "id_token token")["access_token"])
    first, second = recorded(party.installation, "TokensIssued")
    assert first.get("token_id") is None
    assert second["token_id"] == token["jti"]
    with party.installation.reading() as unit:
        grants = {grant.id: grant for grant in unit.session.scalars(select(Grant))}
    for event in (first, second):
        grant = grants.pop(event["grant_id"])
        assert (event["user_id"], event["client_id"], event["session_id"]) == (
            grant.user_id,
            "hybrid",
            grant.session_id,
        )
        assert (event["grant_type"], " ".join(event["scopes"])) == ("implicit", grant.scope)
    assert second["audience"] == [token["aud"]]


def told_of(monkeypatch: pytest.MonkeyPatch, *methods: tuple[type, str]) -> list[str]:
    """The names of these methods as they are called, in their order."""
    calls: list[str] = []

    def telling(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def called(*given: Any, **named: Any) -> Any:
            calls.append(name)
            return method(*given, **named)

        return called

    for owner, name in methods:
        monkeypatch.setattr(owner, name, telling(name, getattr(owner, name)))
    return calls


def test_keys_are_fetched_before_the_transaction_of_the_answer(
    make_server: Callable[..., Installation], monkeypatch: pytest.MonkeyPatch
) -> None:
    with published(jwks("EC")) as host:
        server = make_server(**REACHABLE)
        party, browser = encrypting(server, policy={"consent": "skip"}, jwks=None, jwks_uri=host.uri), Browser(server)
        page = party.request(browser, response_type="id_token")
        server.services.client_keys._fetched.clear()
        calls = told_of(monkeypatch, (Outbound, "get"), (InteractionLedger, "open"))
        answer = browser.sign_in(page)
    assert "id_token" in party.response(answer)
    assert calls[-2:] == ["get", "open"]


@pytest.mark.parametrize("response_type", [words for words in EVERY_TYPE if "id_token" in words])
def test_no_unsigned_id_token_passes_through_the_browser(party: RelyingParty, response_type: str) -> None:
    """Registration refuses the pair already; a client that is stored with it gets nothing either (OIDC Core §2)."""
    stored(party.installation, "hybrid", metadata_extra={"id_token_signed_response_alg": "none"})
    browser = Browser(party.installation)
    answer = browser.sign_in(party.request(browser, response_type=response_type), "carol")
    assert party.installation.why(answer) == "unsigned_id_token_in_browser"
    assert party.response(answer).keys().isdisjoint({"id_token", "code", "access_token"})
