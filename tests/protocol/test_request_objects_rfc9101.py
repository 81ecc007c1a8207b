"""Signed authorization requests, by value and by reference (RFC 9101, OIDC Core §6)."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from authserver.clients.extensions import Extensions
from authserver.events.destinations import OutboundFailed
from authserver.events.outbound import OutboundResponse
from authserver.protocol import validity
from authserver.signing.rotation import Rotation
from authserver.tokens import encryption
from tests.deep import nested
from tests.installation import REDIRECT_URI, REFERENCE, Answer, Installation
from tests.relying_party import Browser, RelyingParty, claims_of
from tests.signing import ClientKey

REQUEST_URI = "https://app.example/request.jwt#hash"


@pytest.fixture(scope="module")
def key() -> ClientKey:
    return ClientKey("RS256")


@pytest.fixture
def party(server: Installation, key: ClientKey) -> RelyingParty:
    server.add_user("dave")
    client_id, secret = server.add_client(
        "signer",
        jwks=key.jwks,
        profile="oidc",
        policy={"consent": "skip"},
        extensions=Extensions(request_uris=(REQUEST_URI,)),
    )
    return RelyingParty(server, client_id, secret)


@pytest.fixture
def strict(server: Installation, party: RelyingParty, key: ClientKey) -> RelyingParty:
    server.registration.update(
        "signer", {"policy": {"outer_parameters": False, "request_lifetime": 3600, "consent": "skip"}}
    )
    server.services.clients.forget()
    return party


def signed(party: RelyingParty, key: ClientKey, **claims: Any) -> str:
    inner = {"redirect_uri": REDIRECT_URI, "response_type": "code", "scope": "openid", "state": "inner"}
    issuer = party.installation.settings.issuer
    values = inner | {"code_challenge": party.challenge, "code_challenge_method": "S256"} | claims
    return key.request_object(party.client_id, issuer, **values)


def ask(party: RelyingParty, request: str, **outer: Any) -> Answer:
    browser = Browser(party.installation)
    page = party.request(browser, request=request, **outer)
    return browser.sign_in(page, "dave") if page.status == 200 and "/login" in browser.url else page


def test_what_was_signed_counts_more_than_what_came_beside_it(party: RelyingParty, key: ClientKey) -> None:
    response = party.response(ask(party, signed(party, key), state="outer"))
    assert response["state"] == "inner"
    assert party.redeem(response["code"]).status == 200


def test_what_was_not_signed_supplements_it(party: RelyingParty, key: ClientKey) -> None:
    assert party.response(ask(party, signed(party, key, state=None), state="outer"))["state"] == "outer"


def test_a_strict_client_is_answered_for_what_it_signed_alone(strict: RelyingParty, key: ClientKey) -> None:
    """fapi1-advanced-final-ensure-… state only outside of the request object"""
    assert "state" not in strict.response(ask(strict, signed(strict, key, state=None), state="outer"))


def test_a_strict_client_must_sign_its_redirect_uri(strict: RelyingParty, key: ClientKey) -> None:
    """fapi1-advanced-final-ensure-request-object-without-redirect-uri-fails"""
    answer = ask(strict, signed(strict, key, redirect_uri=None))
    assert (answer.status, strict.installation.why(answer)) == (400, "redirect_uri_missing")


def test_a_redirect_uri_in_the_object_is_checked_like_any_other(party: RelyingParty, key: ClientKey) -> None:
    answer = ask(party, signed(party, key, redirect_uri="https://evil.example/"))
    assert (answer.status, party.installation.why(answer)) == (400, "redirect_uri_not_registered")


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"iss": "somebody"}, "request_object_issuer_wrong"),
        ({"aud": "https://other.example"}, "request_object_audience_wrong"),
        ({"client_id": "other"}, "request_object_client_wrong"),
        ({"sub": "signer"}, "request_object_is_assertion"),
        ({"request_uri": "urn:x"}, "request_object_nested"),
        ({"request": "x"}, "request_object_nested"),
        ({"exp": True}, "request_object_time_malformed"),
        ({"state": "a\0b"}, "request_object_parameter_malformed"),
        ({"claims": {"userinfo": {"name": {"value": nested(300)}}}}, "request_object_parameter_malformed"),
        ({"exp": 1}, "request_object_expired"),
        ({"exp": "soon"}, "request_object_time_malformed"),
        ({"nbf": 4102444800}, "request_object_not_yet_valid"),
        ({"iat": 4102444800}, "request_object_not_yet_valid"),
        ({"max_age": True}, "request_object_parameter_malformed"),
        ({"scope": ["openid", "email"]}, "request_object_parameter_repeated"),
        ({"response_type": "id_token"}, "request_object_response_type_differs"),
    ],
)
def test_an_object_that_is_not_good_is_refused(
    party: RelyingParty, key: ClientKey, claims: dict[str, Any], reason: str
) -> None:
    answer = ask(party, signed(party, key, **claims))
    assert party.response(answer)["error"] == "invalid_request_object"
    assert party.installation.why(answer) == reason


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"iss": None}, "request_object_issuer_wrong"),
        ({"aud": None}, "request_object_audience_wrong"),
        ({"exp": None}, "request_object_without_times"),
        ({"nbf": None}, "request_object_without_times"),
        ({"exp": lambda now: now + 70 * 60}, "request_object_too_long_valid"),
        ({"nbf": lambda now: now - 70 * 60}, "request_object_too_long_valid"),
    ],
)
def test_a_limited_lifetime_needs_its_times(
    strict: RelyingParty, key: ClientKey, claims: dict[str, Any], reason: str
) -> None:
    now = validity.timestamp()
    values = {name: value(now) if callable(value) else value for name, value in claims.items()}
    assert strict.installation.why(ask(strict, signed(strict, key, **values))) == reason


def test_clocks_may_differ_by_some_seconds(strict: RelyingParty, key: ClientKey) -> None:
    ahead = validity.timestamp() + 8
    assert "code" in strict.response(ask(strict, signed(strict, key, nbf=ahead, iat=ahead)))


def test_another_clients_key_signs_nothing(party: RelyingParty) -> None:
    answer = ask(party, signed(party, ClientKey("RS256")))
    assert party.installation.why(answer) == "request_object_key_unknown"


def test_an_object_without_signature_is_refused(party: RelyingParty) -> None:
    answer = ask(party, "eyJhbGciOiJub25lIn0.eyJpc3MiOiJzaWduZXIifQ.")
    assert party.installation.why(answer) == "request_object_algorithm_not_allowed"


def test_only_the_registered_algorithm_is_accepted(server: Installation, party: RelyingParty, key: ClientKey) -> None:
    server.registration.update("signer", {"extensions": Extensions(request_object_signing_alg="PS256")})
    server.services.clients.forget()
    assert server.why(ask(party, signed(party, key))) == "request_object_algorithm_not_allowed"


def test_a_client_that_must_sign_is_refused_without(server: Installation, party: RelyingParty) -> None:
    server.registration.update("signer", {"extensions": Extensions(require_signed_request_object=True)})
    server.services.clients.forget()
    answer = party.request(Browser(server))
    assert (party.response(answer)["error"], server.why(answer)) == ("invalid_request", "signature_required")


def test_a_registered_reference_is_fetched_and_read(
    party: RelyingParty, key: ClientKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """oidcc-request-uri-signed-rs256"""
    fetched: list[str] = []
    text = signed(party, key)

    def get(url: str, **_: Any) -> OutboundResponse:
        fetched.append(url)
        return OutboundResponse(200, {}, text.encode())

    monkeypatch.setattr(party.installation.services.outbound, "get", get)
    browser = Browser(party.installation)
    answer = browser.sign_in(party.request(browser, request_uri=REQUEST_URI), "dave")
    assert party.response(answer)["state"] == "inner"
    assert fetched == ["https://app.example/request.jwt"]


def test_an_unregistered_reference_is_never_fetched(party: RelyingParty, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(party.installation.services.outbound, "get", lambda *_, **__: pytest.fail("fetched"))
    answer = party.request(Browser(party.installation), request_uri="https://app.example/other.jwt")
    assert party.installation.why(answer) == "request_uri_not_registered"


@pytest.mark.parametrize("outcome", [OutboundResponse(404, {}, b""), OutboundFailed("timed_out")])
def test_a_reference_that_cannot_be_fetched_is_refused(
    party: RelyingParty, monkeypatch: pytest.MonkeyPatch, outcome: OutboundResponse | Exception
) -> None:
    def get(*_: Any, **__: Any) -> OutboundResponse:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(party.installation.services.outbound, "get", get)
    answer = party.request(Browser(party.installation), request_uri=REQUEST_URI)
    assert party.response(answer)["error"] == "invalid_request_uri"
    assert party.installation.why(answer) == "request_uri_unreachable"


def test_a_signed_request_from_another_site_keeps_its_signature(strict: RelyingParty, key: ClientKey) -> None:
    browser = Browser(strict.installation)
    form = {"client_id": strict.client_id, "request": signed(strict, key)}
    page = browser.open("/oauth2/authorize", form=form, headers={"Sec-Fetch-Site": "cross-site"})
    assert browser.path == "/login"
    assert strict.response(browser.sign_in(page, "dave"))["state"] == "inner"


def test_keys_at_an_address_are_looked_up(
    server: Installation, party: RelyingParty, key: ClientKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.registration.update("signer", {"jwks": None, "jwks_uri": "https://app.example/jwks"})
    server.services.clients.forget()
    body = OutboundResponse(200, {}, orjson.dumps(key.jwks))
    monkeypatch.setattr(server.services.outbound, "get", lambda *_, **__: body)
    assert "code" in party.response(ask(party, signed(party, key)))


def sealed(server: Installation, text: str) -> str:
    """A request object, encrypted to the server's published key."""
    services, algorithm = server.services, "RSA-OAEP-256"
    with server.unit() as unit:
        Rotation(server.settings, services.crypto.sealer, services.recorder).ensure(unit, (algorithm,))
    services.keyring.refresh()
    keys = [jwk for jwk in server.get("/.well-known/jwks.json").json["keys"] if jwk.get("use") == "enc"]
    return encryption.encrypt(text.encode(), keys, alg=algorithm, enc="A128GCM", cty="JWT")


def test_an_object_may_be_encrypted_to_the_server(server: Installation, party: RelyingParty, key: ClientKey) -> None:
    assert party.response(ask(party, sealed(server, signed(party, key))))["state"] == "inner"


def test_only_the_registered_encryption_is_opened(server: Installation, party: RelyingParty, key: ClientKey) -> None:
    registered = Extensions(request_object_encryption_alg="ECDH-ES", request_object_encryption_enc="A256GCM")
    server.registration.update("signer", {"extensions": registered})
    server.services.clients.forget()
    answer = ask(party, sealed(server, signed(party, key)))
    assert server.why(answer) == "request_object_encryption_not_allowed"


FAPI1 = {"signed_responses": True, "explicit_requests": True, "outer_parameters": False, "consent": "skip"}


@pytest.fixture
def explicit(server: Installation, party: RelyingParty) -> RelyingParty:
    server.registration.update("signer", {"policy": FAPI1})
    server.services.clients.forget()
    return party


def test_what_is_wrong_with_an_object_is_told_as_the_client_hears_answers(
    server: Installation, explicit: RelyingParty
) -> None:
    """fapi1-advanced-final-ensure-request-object-signature-algorithm-is-not-none, with JARM"""
    answer = ask(explicit, signed(explicit, ClientKey("RS256")))
    claims = claims_of(explicit.response(answer)["response"])
    assert claims["error"] == "invalid_request_object"


def test_a_bare_code_is_refused_in_the_clear(server: Installation, explicit: RelyingParty, key: ClientKey) -> None:
    """fapi1-advanced-final-ensure-response-type-code-fails"""
    answer = ask(explicit, signed(explicit, key, nonce="n"))
    assert explicit.response(answer)["error"] == "invalid_request"
    assert server.why(answer) == "response_not_signed"


@pytest.mark.parametrize(("missing", "reason"), [("scope", "scope_missing_in_request"), ("nonce", "nonce_missing")])
def test_nothing_is_left_to_defaults_where_policy_says_so(
    server: Installation, explicit: RelyingParty, key: ClientKey, missing: str, reason: str
) -> None:
    """fapi1-advanced-final-ensure-request-object-without-scope-fails, -without-nonce-fails"""
    values = {"nonce": "n", "response_mode": "jwt"} | {missing: None}
    claims = claims_of(explicit.response(ask(explicit, signed(explicit, key, **values)))["response"])
    assert claims["error"] == "invalid_request"
    server.services.explanations.flush()
    with server.reading() as unit:
        assert unit.refusals.find(REFERENCE.findall(claims["error_description"])[0]).reason == reason
