"""ID tokens (OpenID Connect Core §2, §3.1.3)."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
import time_machine
from joserfc import jwt
from joserfc.jwk import KeySet

from authserver.signing.rotation import Rotation
from tests.conftest import NOON
from tests.installation import Installation
from tests.relying_party import Browser, RelyingParty, claims_of

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")


@pytest.fixture
def signing_with_everything(server: Installation) -> Installation:
    """A server with a key for each algorithm, and alice."""
    with server.unit() as unit:
        Rotation(server.settings, server.services.crypto.sealer, server.services.recorder).ensure(unit, ALGORITHMS)
    server.services.keyring.refresh()
    server.add_user()
    return server


def verified(server: Installation, token: str, alg: str) -> dict[str, Any]:
    keys = KeySet.import_key_set(server.get("/.well-known/jwks.json").json)
    return dict(jwt.decode(token, keys, algorithms=[alg]).claims)


def at_hash(access_token: str, alg: str) -> str:
    digest = hashlib.new("sha512" if alg == "EdDSA" else "sha256", access_token.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated:joserfc.errors.SecurityWarning")
@pytest.mark.parametrize("alg", ALGORITHMS)
def test_the_algorithm_is_the_clients(signing_with_everything: Installation, alg: str) -> None:
    server = signing_with_everything
    party = RelyingParty(server, *server.add_client(policy={"id_token_alg": alg}))
    tokens = party.tokens()
    claims = verified(server, tokens["id_token"], alg)
    assert claims["at_hash"] == at_hash(tokens["access_token"], alg)
    assert (claims["aud"], claims["iss"]) == ("app", server.settings.issuer)


def test_it_says_who_signed_in_when_and_how(
    frozen_time: time_machine.Traveller, server: Installation, relying_party: RelyingParty
) -> None:
    code = relying_party.code(nonce="n-0S6_WzA2Mj")
    frozen_time.shift(30)
    claims = claims_of(relying_party.redeem(code).json["id_token"])
    assert claims == {
        "iss": server.settings.issuer,
        "sub": server.users["alice"].id,
        "aud": "app",
        "iat": int(NOON.timestamp()) + 30,
        "exp": int(NOON.timestamp()) + 930,
        "auth_time": int(NOON.timestamp()),
        "nonce": "n-0S6_WzA2Mj",
        "acr": "1",
        "amr": ["pwd"],
        "sid": claims["sid"],
        "jti": claims["jti"],
        "at_hash": claims["at_hash"],
    }


def test_auth_time_is_that_of_the_login_not_of_the_request(
    frozen_time: time_machine.Traveller, server: Installation, relying_party: RelyingParty
) -> None:
    browser = Browser(server)
    relying_party.code(browser)
    frozen_time.shift(600)
    for parameters in ({}, {"max_age": "3600"}):
        claims = claims_of(relying_party.tokens(browser, **parameters)["id_token"])
        assert claims["auth_time"] == int(NOON.timestamp())


def test_max_age_that_ran_out_gives_a_new_auth_time(
    frozen_time: time_machine.Traveller, server: Installation, relying_party: RelyingParty
) -> None:
    browser = Browser(server)
    relying_party.code(browser)
    frozen_time.shift(600)
    claims = claims_of(relying_party.tokens(browser, max_age="60")["id_token"])
    assert claims["auth_time"] == int(NOON.timestamp()) + 600


def test_without_a_nonce_there_is_none(relying_party: RelyingParty) -> None:
    assert "nonce" not in claims_of(relying_party.tokens(nonce=None)["id_token"])


@pytest.mark.parametrize("nonce", ["x" * 384, "ünïcödé", 'a"b\\c', "a b"])
def test_a_nonce_comes_back_unchanged(relying_party: RelyingParty, nonce: str) -> None:
    assert claims_of(relying_party.tokens(nonce=nonce)["id_token"])["nonce"] == nonce


def test_one_audience_needs_no_azp(relying_party: RelyingParty) -> None:
    assert "azp" not in claims_of(relying_party.tokens()["id_token"])


def test_sid_is_stable_for_a_client_and_differs_between_clients(
    server: Installation, relying_party: RelyingParty
) -> None:
    other, browser = RelyingParty(server, *server.add_client("other")), Browser(server)
    sids = [claims_of(party.tokens(browser)["id_token"])["sid"] for party in (relying_party, relying_party, other)]
    assert sids[0] == sids[1] != sids[2]
    with server.reading() as unit:
        [session] = unit.sessions.of_user(server.users["alice"].id)
    assert session.id not in sids


def test_without_openid_there_is_no_id_token(relying_party: RelyingParty) -> None:
    assert "id_token" not in relying_party.tokens(scope="profile", nonce=None)


def test_claims_asked_for_by_scope_stay_at_userinfo(relying_party: RelyingParty) -> None:
    claims = claims_of(relying_party.tokens(scope="openid profile email")["id_token"])
    assert not claims.keys() & {"email", "name", "preferred_username"}


def test_policy_puts_them_into_the_id_token(server: Installation) -> None:
    api = server.add_resource(scopes=("read",))
    server.add_user()
    scopes = frozenset({"openid", "email", "read"})
    party = RelyingParty(server, *server.add_client(policy={"id_token_claims": True}, scopes=scopes, resources=(api,)))
    code = party.code(scope="openid email read", resource=api)
    # Narrowed to the API, the access token opens no UserInfo; what the person allowed the client stays allowed.
    tokens = party.redeem(code, resource=api).json
    assert tokens["scope"] == "read"
    assert claims_of(tokens["id_token"])["email"] == "alice@example.com"


def test_its_lifetime_is_policy(server: Installation) -> None:
    server.add_user()
    claims = claims_of(RelyingParty(server, *server.add_client(policy={"id_token_ttl": 120})).tokens()["id_token"])
    assert claims["exp"] - claims["iat"] == 120


@pytest.mark.parametrize("wish", ["2", "3 2", "urn:mace:incommon:iap:silver"])
def test_a_wish_for_a_level_is_answered_by_the_level_that_was_reached(relying_party: RelyingParty, wish: str) -> None:
    """`acr_values` is a voluntary claim (OIDC Core §3.1.2.1): nobody is refused, and nothing is claimed untruly."""
    assert claims_of(relying_party.tokens(acr_values=wish)["id_token"])["acr"] == "1"
