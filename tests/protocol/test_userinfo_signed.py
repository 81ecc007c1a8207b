"""UserInfo as a JWT (OpenID Connect Core §5.3.2), and claims asked for one by one (§5.5)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import update

from authserver.clients.extensions import Extensions
from authserver.storage.models.grants import Grant
from tests.client_keys import jwks, opened, stored
from tests.installation import Answer, Installation
from tests.relying_party import Browser, RelyingParty, claims_of


def party_with(server: Installation, *, keys: Any = None, **registered: Any) -> RelyingParty:
    server.add_user()
    return RelyingParty(server, *server.add_client(jwks=keys, extensions=Extensions(**registered)))


def verified(server: Installation, token: str, alg: str) -> dict[str, Any]:
    keys = KeySet.import_key_set(server.get("/.well-known/jwks.json").json)
    return dict(jwt.decode(token, keys, algorithms=[alg]).claims)


def userinfo(party: RelyingParty) -> Answer:
    answer = party.userinfo(party.tokens(scope="openid email")["access_token"])
    assert answer.status == 200, answer.text
    return answer


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
def test_it_is_signed_for_who_registered_it(server: Installation, alg: str) -> None:
    """oidcc-userinfo-rs256: application/jwt with iss and aud, and no nonce."""
    answer = userinfo(party_with(server, userinfo_signed_response_alg=alg))
    assert (answer.header("Content-Type"), answer.header("Cache-Control")) == ("application/jwt", "no-store")
    assert verified(server, answer.text, alg) == {
        "iss": server.settings.issuer,
        "aud": "app",
        "sub": server.users["alice"].id,
        "email": "alice@example.com",
        "email_verified": True,
    }


def test_it_is_signed_and_then_encrypted(server: Installation) -> None:
    party = party_with(
        server,
        keys=jwks("RSA"),
        userinfo_signed_response_alg="RS256",
        userinfo_encrypted_response_alg="RSA-OAEP-256",
        userinfo_encrypted_response_enc="A128GCM",
    )
    found = opened(userinfo(party).text, "RSA-OAEP-256", "A128GCM")
    assert found.protected["cty"] == "JWT"
    assert verified(server, (found.plaintext or b"").decode(), "RS256")["email"] == "alice@example.com"


def test_it_is_encrypted_alone(server: Installation) -> None:
    party = party_with(server, keys=jwks("EC"), userinfo_encrypted_response_alg="ECDH-ES")
    answer = userinfo(party)
    found = opened(answer.text, "ECDH-ES", "A128CBC-HS256")
    assert (answer.header("Content-Type"), "cty" in found.protected) == ("application/jwt", False)
    assert json.loads(found.plaintext or b"")["email"] == "alice@example.com"


def test_without_a_key_to_encrypt_to_nothing_is_told(server: Installation) -> None:
    party = party_with(server, keys=jwks("EC"), userinfo_encrypted_response_alg="ECDH-ES")
    token = party.tokens()["access_token"]
    stored(server, "app", jwks={"keys": []})
    answer = party.userinfo(token)
    assert (answer.status, server.why(answer)) == (400, "recipient_key_missing")
    assert "sub" not in answer.json


def test_a_signed_answer_is_no_hint(server: Installation) -> None:
    """It has issuer, audience and subject as an ID token has; what it lacks is that it ends."""
    party, browser = party_with(server, userinfo_signed_response_alg="RS256"), Browser(server)
    answer = party.userinfo(party.tokens(browser)["access_token"])
    refused = party.response(party.request(browser, id_token_hint=answer.text))
    assert refused["error"] == "invalid_request"


def asked_for(server: Installation, **claims: Any) -> None:
    """Let every grant have been asked for these claims."""
    with server.unit() as unit:
        unit.session.execute(update(Grant).values(claims=claims))


def test_claims_asked_for_one_by_one_come_where_they_were_asked_for(server: Installation) -> None:
    party = party_with(server)
    tokens = party.tokens(scope="openid offline_access", prompt="consent")
    asked_for(server, userinfo={"email": None}, id_token={"preferred_username": {"essential": True}, "name": None})
    assert party.userinfo(tokens["access_token"]).json.keys() == {"sub", "email"}
    claims = claims_of(party.refresh(tokens["refresh_token"]).json["id_token"])
    assert claims["preferred_username"] == "alice"
    assert not claims.keys() & {"email", "name"}


def test_a_claim_asked_for_one_by_one_replaces_no_claim_of_the_protocol(server: Installation) -> None:
    party = party_with(server)
    tokens = party.tokens(scope="openid offline_access", prompt="consent")
    asked_for(server, userinfo={"sub": {"value": "mallory"}}, id_token={"sub": {"value": "mallory"}, "iss": None})
    assert party.userinfo(tokens["access_token"]).json == {"sub": server.users["alice"].id}
    assert claims_of(party.refresh(tokens["refresh_token"]).json["id_token"])["sub"] == server.users["alice"].id
