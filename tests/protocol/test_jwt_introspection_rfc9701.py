"""Introspection responses as JWTs (RFC 9701)."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from authserver.endpoints.introspect import wants_jwt
from authserver.signing.keys import public_jwk
from authserver.tokens import foreign, jose
from tests import keys
from tests.client_keys import jwks, opened, stored
from tests.installation import Answer, Installation
from tests.relying_party import RelyingParty

JWT = "application/token-introspection+jwt"
API = "https://orders.example"


@pytest.fixture
def gateway(server: Installation) -> RelyingParty:
    """The client that the API names to introspect tokens for it."""
    client = server.add_client("gateway", redirect_uris=(), grant_types=("client_credentials",), scopes=frozenset())
    server.add_resource(API, scopes=("read",), introspected_by=("gateway",))
    return RelyingParty(server, *client)


@pytest.fixture
def token(server: Installation, gateway: RelyingParty) -> str:
    """A token of a person for the API."""
    server.add_user()
    client = server.add_client(scopes=frozenset({"openid", "read"}), resources=(API,))
    return str(RelyingParty(server, *client).tokens(scope="openid read", resource=API)["access_token"])


def ask(party: RelyingParty, token: str, accept: str = JWT) -> Answer:
    credentials = base64.b64encode(f"{party.client_id}:{party.secret}".encode()).decode()
    headers = {"Authorization": f"Basic {credentials}", "Accept": accept}
    return party.installation.post("/oauth2/introspect", {"token": token}, headers=headers)


def header_of(token: str) -> dict[str, Any]:
    return dict(json.loads(jose.decode_segment(token.split(".", maxsplit=1)[0])))


def verified(server: Installation, answer: Answer, algorithm: str = "RS256") -> dict[str, Any]:
    """The claims of the answer, checked against the published keys."""
    assert (answer.status, answer.header("Content-Type")) == (200, JWT), answer.text
    published = server.get("/.well-known/jwks.json").json["keys"]
    return dict(foreign.verify(foreign.parse(answer.text), published, [algorithm]))


def register(server: Installation, **members: str) -> None:
    """Register members of client metadata for the gateway."""
    from authserver.clients.extensions import Extensions

    server.registration.update("gateway", {"extensions": Extensions(**members)})
    server.services.clients.forget()


def test_the_response_is_signed_for_the_client_that_asks(
    server: Installation, gateway: RelyingParty, token: str
) -> None:
    answer = ask(gateway, token)
    claims = verified(server, answer)
    assert claims.keys() == {"iss", "aud", "iat", "token_introspection"}
    assert (claims["iss"], claims["aud"]) == (server.settings.issuer, "gateway")
    assert header_of(answer.text)["typ"] == "token-introspection+jwt"
    assert answer.header("Cache-Control") == "no-store"


def test_it_says_what_the_plain_response_says(server: Installation, gateway: RelyingParty, token: str) -> None:
    inside = verified(server, ask(gateway, token))["token_introspection"]
    assert inside == gateway.introspect(token)
    assert inside["active"] is True


def test_that_a_token_is_not_active_is_signed_too(server: Installation, gateway: RelyingParty) -> None:
    assert verified(server, ask(gateway, "unknown"))["token_introspection"] == {"active": False}


def test_the_client_chooses_the_algorithm(server: Installation, gateway: RelyingParty, token: str) -> None:
    register(server, introspection_signed_response_alg="ES256")
    answer = ask(gateway, token)
    assert header_of(answer.text)["alg"] == "ES256"
    assert verified(server, answer, "ES256")["token_introspection"]["active"] is True


def test_a_client_may_have_it_encrypted(server: Installation, gateway: RelyingParty, token: str) -> None:
    key = keys.signing("RS256")
    jwk = public_jwk("RS256", key.private.public_key()) | {"use": "enc", "alg": "RSA-OAEP-256"}
    server.registration.update("gateway", {"jwks": {"keys": [jwk]}})
    register(server, introspection_encrypted_response_alg="RSA-OAEP-256")
    answer = ask(gateway, token)
    assert (answer.header("Content-Type"), answer.text.count(".")) == (JWT, 4)
    assert header_of(answer.text)["alg"] == "RSA-OAEP-256"


def test_what_is_encrypted_is_signed_first(server: Installation, gateway: RelyingParty, token: str) -> None:
    server.registration.update("gateway", {"jwks": jwks("EC")})
    register(server, introspection_encrypted_response_alg="ECDH-ES", introspection_encrypted_response_enc="A256GCM")
    inner = opened(ask(gateway, token).text, "ECDH-ES", "A256GCM")
    assert inner.headers()["cty"] == "JWT"
    signed = (inner.plaintext or b"").decode()
    claims = foreign.verify(foreign.parse(signed), server.get("/.well-known/jwks.json").json["keys"], ["RS256"])
    assert (claims["aud"], claims["token_introspection"]["active"]) == ("gateway", True)
    assert header_of(signed)["typ"] == "token-introspection+jwt"


def test_the_default_algorithm_is_one_that_the_policy_allows(
    server: Installation, gateway: RelyingParty, token: str
) -> None:
    stored(server, "gateway", policy={"signing_algorithms": ["ES256"], "access_token_alg": "ES256"})
    assert verified(server, ask(gateway, token), "ES256")["token_introspection"]["active"] is True


def test_the_default_algorithm_is_not_that_of_access_tokens(
    server: Installation, gateway: RelyingParty, token: str
) -> None:
    """RFC 9701 §6: RS256 where nothing is registered."""
    stored(server, "gateway", policy={"access_token_alg": "ES256"})
    assert verified(server, ask(gateway, token), "RS256")["token_introspection"]["active"] is True


def test_what_cannot_be_protected_as_registered_is_refused(
    server: Installation, gateway: RelyingParty, token: str
) -> None:
    register(server, introspection_signed_response_alg="EdDSA")
    answer = ask(gateway, token)
    assert (answer.status, server.why(answer)) == (500, "no_signing_key")
    assert answer.json["error"] == "server_error"
    key = public_jwk("ES256", keys.signing("ES256").private.public_key())
    server.registration.update("gateway", {"jwks": {"keys": [key | {"use": "sig"}]}})
    with server.unit() as unit:
        unit.clients.get("gateway").metadata_extra = {"introspection_encrypted_response_alg": "RSA-OAEP-256"}
    server.services.clients.forget()
    assert server.why(ask(gateway, token)) == "recipient_key_missing"


def test_only_who_accepts_it_gets_it(gateway: RelyingParty, token: str) -> None:
    for accept in ("application/json", "*/*", "", f"{JWT};q=0", f"application/json, {JWT};q=0.5"):
        answer = ask(gateway, token, accept)
        assert (answer.header("Content-Type"), answer.json["active"]) == ("application/json", True)


@pytest.mark.parametrize(
    "accept",
    [JWT, JWT.upper(), f"text/html, {JWT}", f"{JWT}, application/json", f"application/json;q=0.5, {JWT};q=0.7"],
)
def test_the_header_names_it(accept: str) -> None:
    assert wants_jwt(accept)


@pytest.mark.parametrize("accept", [f"{JWT};q=x", f"{JWT};q=", "application/jwt", ";", ","])
def test_what_does_not_name_it(accept: str) -> None:
    assert not wants_jwt(accept)


def test_credentials_are_needed_as_ever(server: Installation, token: str) -> None:
    answer = server.post("/oauth2/introspect", {"token": token}, headers={"Accept": JWT})
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")


def test_it_is_no_access_token(server: Installation, gateway: RelyingParty, token: str) -> None:
    answer = ask(gateway, token)
    assert gateway.introspect(answer.text) == {"active": False}
    assert server.get("/oauth2/userinfo", headers={"Authorization": f"Bearer {answer.text}"}).status == 401


def test_metadata_list_the_algorithms(server: Installation) -> None:
    found = server.get("/.well-known/oauth-authorization-server").json
    assert found["introspection_signing_alg_values_supported"] == ["ES256", "RS256"]
    assert "RSA-OAEP-256" in found["introspection_encryption_alg_values_supported"]
    assert "A256GCM" in found["introspection_encryption_enc_values_supported"]
