"""Answers as one signed JWT (JARM)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from joserfc import jwe
from joserfc.jwk import ECKey

from authserver.clients.extensions import Extensions
from authserver.events.destinations import OutboundFailed
from authserver.protocol import validity
from authserver.tokens import jose
from tests.installation import Answer, Installation
from tests.relying_party import Browser, RelyingParty, hidden_fields

MODES = ["jwt", "query.jwt", "fragment.jwt", "form_post.jwt"]


def opened(server: Installation, response: str, algorithm: str = "RS256") -> dict[str, Any]:
    return jose.verify(response, server.services.keyring, algorithms=[algorithm], typ="JWT")


def response_of(party: RelyingParty, answer: Answer, mode: str) -> dict[str, Any]:
    return hidden_fields(answer) if mode == "form_post.jwt" else party.response(answer)


def allow(server: Installation, response_type: str) -> None:
    """Let the client have tokens through the browser."""
    types = {"grant_types": ("authorization_code", "implicit"), "response_types": ("code", response_type)}
    server.registration.update("app", types | {"profile": "oidc", "policy": {"consent": "skip"}})
    server.services.clients.forget()


@pytest.mark.parametrize("mode", MODES)
def test_the_answer_is_one_signed_token(server: Installation, relying_party: RelyingParty, mode: str) -> None:
    browser = Browser(server)
    page = browser.sign_in(relying_party.request(browser, response_mode=mode))
    response = response_of(relying_party, browser.allow(page), mode)
    assert set(response) == {"response"}
    claims = opened(server, response["response"])
    assert (claims["iss"], claims["aud"], claims["state"]) == (server.settings.issuer, "app", "state-1")
    assert 240 < claims["exp"] - validity.timestamp() <= 300
    assert relying_party.redeem(claims["code"]).status == 200


@pytest.mark.parametrize("mode", MODES)
def test_errors_are_signed_too(server: Installation, relying_party: RelyingParty, mode: str) -> None:
    answer = relying_party.request(Browser(server), response_mode=mode, prompt="none")
    claims = opened(server, response_of(relying_party, answer, mode)["response"])
    assert (claims["error"], claims["state"]) == ("login_required", "state-1")


def test_tokens_of_the_front_channel_travel_in_it(server: Installation, relying_party: RelyingParty) -> None:
    allow(server, "code id_token token")
    browser = Browser(server)
    page = relying_party.request(browser, response_type="code id_token token", response_mode="jwt")
    answer = browser.sign_in(page)
    assert urlsplit(answer.location).fragment.startswith("response=")
    claims = opened(server, relying_party.response(answer)["response"])
    assert {"code", "id_token", "access_token"} <= claims.keys()
    assert isinstance(claims["expires_in"], int)
    assert (claims["aud"], claims["iss"]) == ("app", server.settings.issuer)


def test_a_signed_answer_with_tokens_never_travels_in_the_query(
    server: Installation, relying_party: RelyingParty
) -> None:
    allow(server, "id_token")
    answer = relying_party.request(Browser(server), response_type="id_token", response_mode="query.jwt")
    assert server.why(answer) == "response_mode_unsupported"
    assert not urlsplit(answer.location).query


def test_jwt_alone_travels_where_the_response_type_says(server: Installation, relying_party: RelyingParty) -> None:
    answer = relying_party.request(Browser(server), response_mode="jwt", prompt="none")
    assert urlsplit(answer.location).query.startswith("response=")


def test_the_registered_algorithm_signs(server: Installation, relying_party: RelyingParty) -> None:
    server.registration.update("app", {"extensions": Extensions(authorization_signed_response_alg="ES256")})
    server.services.clients.forget()
    answer = relying_party.request(Browser(server), response_mode="jwt", prompt="none")
    assert opened(server, relying_party.response(answer)["response"], "ES256")["error"] == "login_required"


def test_a_signed_answer_is_no_id_token(server: Installation, relying_party: RelyingParty) -> None:
    answer = relying_party.request(Browser(server), response_mode="jwt", prompt="none")
    hint = relying_party.response(answer)["response"]
    again = relying_party.request(Browser(server), id_token_hint=hint)
    assert server.why(again) == "id_token_hint_claim_missing"


def test_where_answers_must_be_signed_a_bare_code_is_refused(server: Installation, relying_party: RelyingParty) -> None:
    """fapi1-advanced-final-ensure-response-type-code-fails"""
    server.registration.update("app", {"policy": {"signed_responses": True}})
    server.services.clients.forget()
    answer = relying_party.request(Browser(server))
    assert (relying_party.response(answer)["error"], server.why(answer)) == ("invalid_request", "response_not_signed")
    signed = relying_party.request(Browser(server), response_mode="jwt")
    assert signed.status == 200


def test_the_answer_may_be_encrypted_too(server: Installation, relying_party: RelyingParty) -> None:
    private = ECKey.generate_key("P-256", {"kid": "box", "use": "enc"})
    registered = Extensions(authorization_encrypted_response_alg="ECDH-ES+A128KW")
    server.registration.update("app", {"extensions": registered, "jwks": {"keys": [private.as_dict(private=False)]}})
    server.services.clients.forget()
    answer = relying_party.request(Browser(server), response_mode="jwt", prompt="none")
    opened_token = jwe.decrypt_compact(
        relying_party.response(answer)["response"], private, algorithms=["ECDH-ES+A128KW", "A128CBC-HS256"]
    )
    assert opened_token.plaintext is not None
    assert opened(server, opened_token.plaintext.decode())["error"] == "login_required"


def test_without_a_key_to_encrypt_to_nothing_is_sent_in_the_clear(
    server: Installation, relying_party: RelyingParty, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_: Any, **__: Any) -> Any:
        raise OutboundFailed("timed_out")

    monkeypatch.setattr(server.services.outbound, "get", unreachable)
    registered = Extensions(authorization_encrypted_response_alg="ECDH-ES")
    server.registration.update("app", {"extensions": registered, "jwks_uri": "https://app.example/jwks"})
    server.services.clients.forget()
    answer = relying_party.request(Browser(server), response_mode="jwt", prompt="none")
    assert (answer.status, answer.header("Location")) == (400, None)
