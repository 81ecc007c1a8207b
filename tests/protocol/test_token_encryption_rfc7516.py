"""ID tokens encrypted to clients (RFC 7516, OpenID Connect Core §10.2), and what may be unsigned (§2)."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey

from authserver.clients.extensions import Extensions
from authserver.protocol.algorithms import CONTENT_ENCRYPTIONS, ENCRYPTION_ALGORITHMS
from authserver.signing.rotation import Rotation
from authserver.tokens import encryption, shared
from tests.client_keys import header_of, jwks, kind_for, opened, stored
from tests.installation import Installation
from tests.relying_party import Browser, RelyingParty, claims_of


def party_with(server: Installation, *, keys: Any = None, **registered: Any) -> RelyingParty:
    server.add_user()
    return RelyingParty(server, *server.add_client(jwks=keys, extensions=Extensions(**registered)))


def encrypting(server: Installation, alg: str = "RSA-OAEP-256", enc: str = "A256GCM", **more: Any) -> RelyingParty:
    wanted = {"id_token_encrypted_response_alg": alg, "id_token_encrypted_response_enc": enc} | more
    return party_with(server, keys=jwks(kind_for(alg)), **wanted)


def verified(server: Installation, token: str, alg: str = "RS256") -> dict[str, Any]:
    keys = KeySet.import_key_set(server.get("/.well-known/jwks.json").json)
    return dict(jwt.decode(token, keys, algorithms=[alg]).claims)


@pytest.mark.parametrize("enc", CONTENT_ENCRYPTIONS)
@pytest.mark.parametrize("alg", ENCRYPTION_ALGORITHMS)
def test_an_id_token_is_signed_and_then_encrypted(server: Installation, alg: str, enc: str) -> None:
    tokens = encrypting(server, alg, enc).tokens()
    found = opened(tokens["id_token"], alg, enc)
    assert found.protected["cty"] == "JWT"
    claims = verified(server, (found.plaintext or b"").decode())
    assert (claims["aud"], claims["nonce"], claims["sub"]) == ("app", "nonce-1", server.users["alice"].id)


def test_an_alg_without_enc_gets_the_default_of_the_specification(server: Installation) -> None:
    token = encrypting(server, enc="A128CBC-HS256", id_token_encrypted_response_enc=None).tokens()["id_token"]
    assert header_of(token)["enc"] == "A128CBC-HS256"


def test_the_access_token_stays_readable_for_resources(server: Installation) -> None:
    assert claims_of(encrypting(server).tokens()["access_token"])["client_id"] == "app"


def test_without_a_key_nothing_is_consumed(server: Installation) -> None:
    party = encrypting(server, "ECDH-ES")
    code = party.code()
    stored(server, "app", jwks={"keys": []})
    refused = party.redeem(code)
    assert (refused.status, refused.json["error"]) == (400, "invalid_request")
    assert server.why(refused) == "recipient_key_missing"
    stored(server, "app", jwks=jwks("EC"))
    assert party.redeem(code).status == 200


def test_an_unreachable_jwks_uri_is_said(server: Installation) -> None:
    party = encrypting(server)
    stored(server, "app", jwks=None, jwks_uri="https://keys.invalid/jwks")
    refused = party.redeem(party.code())
    assert (refused.status, server.why(refused)) == (400, "recipient_keys_unavailable")
    assert refused.json["error"] == "invalid_request"


def test_a_hint_may_be_encrypted_to_us(server: Installation) -> None:
    with server.unit() as unit:
        Rotation(server.settings, server.services.crypto.sealer, server.services.recorder).ensure(unit, ["ECDH-ES"])
    server.services.keyring.refresh()
    server.add_user()
    party, browser = RelyingParty(server, *server.add_client()), Browser(server)
    hint = party.tokens(browser)["id_token"]
    ours = [key for key in server.get("/.well-known/jwks.json").json["keys"] if key["use"] == "enc"]
    again = encryption.encrypt(hint.encode(), ours, alg="ECDH-ES+A128KW", enc="A128GCM", cty="JWT")
    assert "code" in party.response(party.request(browser, id_token_hint=again, prompt="none"))


def test_a_key_for_encryption_verifies_no_hint(server: Installation) -> None:
    """The published encryption keys are no signing keys, whatever a token says."""
    with server.unit() as unit:
        Rotation(server.settings, server.services.crypto.sealer, server.services.recorder).ensure(
            unit, ["RSA-OAEP-256", "ECDH-ES"]
        )
    server.services.keyring.refresh()
    for key in server.get("/.well-known/jwks.json").json["keys"]:
        assert (server.services.keyring.find(key["kid"]) is None) == (key["use"] == "enc")


def test_an_unsigned_id_token_for_who_registered_it(server: Installation) -> None:
    """oidcc-idtoken-unsigned: `none` for the code flow alone, where TLS vouches for it (OIDC Core §2)."""
    tokens = party_with(server, id_token_signed_response_alg="none").tokens()
    header, signature = header_of(tokens["id_token"]), tokens["id_token"].rpartition(".")[2]
    assert (header["alg"], "kid" in header, signature) == ("none", False, "")
    claims = claims_of(tokens["id_token"])
    assert (claims["nonce"], "at_hash" in claims) == ("nonce-1", False)


def test_an_unsigned_id_token_is_no_hint(server: Installation) -> None:
    party, browser = party_with(server, id_token_signed_response_alg="none"), Browser(server)
    hint = party.tokens(browser)["id_token"]
    answer = party.response(party.request(browser, id_token_hint=hint))
    assert answer["error"] == "invalid_request"


def test_a_mac_under_the_secret_for_who_registered_it(server: Installation) -> None:
    """HS256 with the octets of the client secret (OIDC Core §10.1); it comes back as a hint too."""
    party, browser = party_with(server, id_token_signed_response_alg="HS256"), Browser(server)
    tokens = party.tokens(browser)
    claims = jwt.decode(tokens["id_token"], OctKey.import_key(party.secret), algorithms=["HS256"]).claims
    assert (claims["nonce"], "at_hash" in claims) == ("nonce-1", True)
    assert "code" in party.response(party.request(browser, id_token_hint=tokens["id_token"], prompt="none"))


def test_the_newest_secret_makes_the_mac(server: Installation) -> None:
    """The client reads its new secret from then on, while the old one still authenticates it."""
    party = party_with(server, id_token_signed_response_alg="HS256")
    newest = server.registration.rotate_secret("app", overlap=600).secret or ""
    server.services.clients.forget()
    token = party.tokens()["id_token"]
    assert jwt.decode(token, OctKey.import_key(newest), algorithms=["HS256"]).claims["aud"] == "app"


def test_without_a_secret_to_sign_with_there_is_no_id_token(server: Installation) -> None:
    party = party_with(server, id_token_signed_response_alg="HS256")
    code = party.code()
    with server.unit() as unit:
        unit.client_secrets.forget_sealed("app")
    server.services.clients.forget()
    refused = party.redeem(code)
    assert (refused.status, refused.json["error"]) == (500, "server_error")
    assert server.why(refused) == "no_signing_secret"


def test_a_mac_is_no_hint_unless_the_client_registered_for_it(server: Installation) -> None:
    """Else whoever knows a client's secret, or a public key, could name anybody."""
    party, browser = party_with(server), Browser(server)
    claims = claims_of(party.tokens(browser)["id_token"])
    for secret in (party.secret.encode(), b"x" * 32):
        forged = shared.with_mac(claims, secret, "JWT")
        assert party.response(party.request(browser, id_token_hint=forged))["error"] == "invalid_request"


def test_a_mac_under_another_secret_is_no_hint(server: Installation) -> None:
    party, browser = party_with(server, id_token_signed_response_alg="HS256"), Browser(server)
    forged = shared.with_mac(claims_of(party.tokens(browser)["id_token"]), b"x" * 32, "JWT")
    assert party.response(party.request(browser, id_token_hint=forged))["error"] == "invalid_request"


def encrypted_answers(server: Installation) -> RelyingParty:
    return party_with(server, keys=jwks("EC"), authorization_encrypted_response_alg="ECDH-ES")


def test_an_answer_is_signed_and_then_encrypted(server: Installation) -> None:
    party, browser = encrypted_answers(server), Browser(server)
    token = party.sign_in(browser, response_mode="jwt")["response"]
    claims = verified(server, (opened(token, "ECDH-ES", "A128CBC-HS256").plaintext or b"").decode())
    assert (claims["aud"], claims["state"], "code" in claims) == ("app", "state-1", True)


def test_an_answer_that_nobody_could_read_is_a_page(server: Installation) -> None:
    party, browser = encrypted_answers(server), Browser(server)
    stored(server, "app", jwks={"keys": []})
    answer = party.request(browser, response_mode="jwt", prompt="none")
    assert (answer.status, server.why(answer)) == (400, "recipient_key_missing")
