"""JWT access tokens, verified by a resource server that shares no code with us (RFC 9068)."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from authlib.oauth2.rfc6750.errors import InsufficientScopeError, InvalidTokenError
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from joserfc import jwt
from joserfc.jwk import KeySet

from authserver.signing.rotation import Rotation
from tests.installation import Installation
from tests.over_http import fetch, listening
from tests.relying_party import RelyingParty, claims_of

API = "https://orders.example"
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")


def header_of(token: str) -> dict[str, Any]:
    segment = token.partition(".")[0]
    return dict(json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))))


@pytest.fixture
def party(server: Installation) -> RelyingParty:
    server.add_resource(API, scopes=("read", "write"))
    server.add_user()
    scopes = frozenset({"openid", "profile", "email", "read"})
    return RelyingParty(server, *server.add_client(scopes=scopes, resources=(API,)))


@pytest.fixture
def jwks(server: Installation) -> Iterator[dict[str, Any]]:
    """The key set, fetched over HTTP from where the metadata says it is."""
    with listening(server) as address:
        metadata = fetch(server, address, "/.well-known/oauth-authorization-server")
        path = metadata["jwks_uri"].removeprefix(server.settings.issuer)
        yield fetch(server, address, path)


class ResourceServer(JWTBearerTokenValidator):  # type: ignore[misc]
    """Authlib's resource server."""

    def __init__(self, issuer: str, resource: str, jwks: dict[str, Any]) -> None:
        super().__init__(issuer, resource)
        self.jwks = jwks

    def get_jwks(self) -> Any:
        return KeySet.import_key_set(self.jwks)

    def accept(self, token: str, *scopes: str) -> Any:
        """The claims, if the token is good for these scopes."""
        parsed = self.authenticate_token(token)
        self.validate_token(parsed, list(scopes) or None, None)
        return parsed


def token_for_api(party: RelyingParty, **parameters: Any) -> str:
    return str(party.tokens(**({"scope": "openid read", "resource": API} | parameters))["access_token"])


def test_a_strict_resource_server_accepts_the_token(party: RelyingParty, jwks: dict[str, Any]) -> None:
    issuer = party.installation.settings.issuer
    claims = ResourceServer(issuer, API, jwks).accept(token_for_api(party), "read")
    assert claims["sub"] == party.installation.users["alice"].id


def test_another_resource_server_refuses_it(party: RelyingParty, jwks: dict[str, Any]) -> None:
    token, issuer = token_for_api(party), party.installation.settings.issuer
    for resource, expected in (("https://bills.example", issuer), (API, "https://other.example")):
        with pytest.raises(InvalidTokenError):
            ResourceServer(expected, resource, jwks).accept(token)
    with pytest.raises(InsufficientScopeError):
        ResourceServer(issuer, API, jwks).accept(token, "write")


def test_an_id_token_is_no_access_token(party: RelyingParty, jwks: dict[str, Any]) -> None:
    id_token = party.tokens()["id_token"]
    with pytest.raises(InvalidTokenError):
        ResourceServer(party.installation.settings.issuer, "app", jwks).accept(id_token)


def test_header_and_claims_are_those_of_the_profile(party: RelyingParty, jwks: dict[str, Any]) -> None:
    token = token_for_api(party)
    header, claims = header_of(token), claims_of(token)
    assert header.keys() == {"alg", "kid", "typ"}
    assert (header["typ"], header["alg"]) == ("at+jwt", "RS256")
    assert header["kid"] in {key["kid"] for key in jwks["keys"]}
    assert claims.keys() >= {"iss", "exp", "aud", "sub", "client_id", "iat", "jti", "scope", "auth_time", "acr", "amr"}
    assert claims["exp"] - claims["iat"] == 900
    assert set(claims["aud"]) == {API, claims["iss"]}


def test_every_token_has_an_id_of_its_own(party: RelyingParty) -> None:
    assert claims_of(token_for_api(party))["jti"] != claims_of(token_for_api(party))["jti"]


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated:joserfc.errors.SecurityWarning")
@pytest.mark.parametrize("alg", ALGORITHMS)
def test_every_algorithm_is_verified_by_another_library(server: Installation, alg: str) -> None:
    with server.unit() as unit:
        Rotation(server.settings, server.services.crypto.sealer, server.services.recorder).ensure(unit, (alg,))
    server.services.keyring.refresh()
    server.add_resource(API, scopes=("read",), token_alg=alg)
    client = server.add_client(
        "machine",
        redirect_uris=(),
        grant_types=("client_credentials",),
        scopes=frozenset({"read"}),
        resources=(API,),
        default_resource=API,
    )
    token = RelyingParty(server, *client).token_request(grant_type="client_credentials").json["access_token"]
    keys = KeySet.import_key_set(server.get("/.well-known/jwks.json").json)
    verified = jwt.decode(token, keys, algorithms=[alg])
    assert (header_of(token)["alg"], verified.claims["aud"]) == (alg, API)


def test_personal_claims_come_by_granted_scope_alone(server: Installation, party: RelyingParty) -> None:
    bare, full = (
        claims_of(party.tokens()["access_token"]),
        claims_of(party.tokens(scope="openid profile email")["access_token"]),
    )
    assert not bare.keys() & {"email", "username", "roles", "org", "name"}
    assert (full["email"], full["username"]) == ("alice@example.com", "alice")


def test_an_address_is_no_username_without_the_scope_email(server: Installation, party: RelyingParty) -> None:
    with server.unit() as unit:
        user = unit.users.get(server.users["alice"].id)
        user.username = user.username_key = None
    without = claims_of(party.tokens(scope="openid profile", name="alice@example.com")["access_token"])
    assert not without.keys() & {"email", "username"}
    both = claims_of(party.tokens(scope="openid profile email", name="alice@example.com")["access_token"])
    assert (both["email"], both["username"]) == ("alice@example.com", "alice@example.com")


def test_a_token_for_a_resource_alone_tells_it_nothing_about_the_person(party: RelyingParty) -> None:
    code = party.code(scope="openid email read", resource=API)
    claims = claims_of(party.redeem(code, resource=API).json["access_token"])
    assert (claims["aud"], claims["scope"]) == (API, "read")
    assert "email" not in claims


def test_first_party_clients_learn_more(server: Installation) -> None:
    server.add_user()
    party = RelyingParty(server, *server.add_client(first_party=True))
    assert claims_of(party.tokens()["access_token"])["email"] == "alice@example.com"


def test_a_token_ends_at_its_second(frozen_time: time_machine.Traveller, relying_party: RelyingParty) -> None:
    token = relying_party.tokens()["access_token"]
    frozen_time.shift(899)
    assert relying_party.userinfo(token).status == 200
    frozen_time.shift(1)
    assert relying_party.userinfo(token).status == 401
