"""Signed authorization requests, by value and by reference (RFC 9101, OIDC Core §6)."""

from __future__ import annotations

from typing import Any

import jwt
import orjson
import pytest

from authserver.clients.extensions import Extensions
from authserver.events.destinations import OutboundFailed
from authserver.events.outbound import OutboundResponse
from authserver.protocol import validity
from authserver.signing.rotation import Rotation
from authserver.tokens import encryption, foreign
from tests.client_keys import stored
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


@pytest.mark.parametrize(("inner", "outer"), [(None, "code"), ("code", None)])
def test_what_names_request_and_client_may_stand_in_one_place(
    party: RelyingParty, key: ClientKey, inner: str | None, outer: str | None
) -> None:
    request = signed(party, key, response_type=inner, client_id=None)
    assert party.response(ask(party, request, response_type=outer))["state"] == "inner"


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


@pytest.mark.parametrize("name", ["request", "request_uri"])
def test_of_two_requests_none_counts(party: RelyingParty, key: ClientKey, name: str) -> None:
    """Not even the redirect URI beside them hears of it, because each of the two may name another."""
    values = {"request": [signed(party, key), signed(party, key)], "request_uri": [REQUEST_URI, REQUEST_URI]}
    answer = party.request(Browser(party.installation), **{name: values[name]})
    assert (answer.status, answer.header("Location")) == (400, None)
    assert party.installation.why(answer) == "parameter_repeated"


@pytest.mark.usefixtures("frozen_time")
@pytest.mark.parametrize(
    ("times", "reason"),
    [
        ({"exp": 0}, "request_object_expired"),
        ({"exp": 1}, None),
        ({"exp": 30.5}, None),
        ({"nbf": 60, "iat": 60, "exp": 90}, None),
        ({"nbf": 61, "exp": 90}, "request_object_not_yet_valid"),
        ({"iat": 61}, "request_object_not_yet_valid"),
        ({"nbf": -1800, "exp": 1800}, None),
        ({"nbf": -1800, "exp": 1801}, "request_object_too_long_valid"),
    ],
)
def test_times_count_to_the_second(
    strict: RelyingParty, key: ClientKey, times: dict[str, float], reason: str | None
) -> None:
    now = validity.timestamp()
    page = strict.request(
        Browser(strict.installation), request=signed(strict, key, **{name: now + by for name, by in times.items()})
    )
    assert (page.status == 200) if reason is None else (strict.installation.why(page) == reason)


def test_where_no_lifetime_is_set_the_object_need_not_say_who_made_it_for_whom(
    party: RelyingParty, key: ClientKey
) -> None:
    assert "code" in party.response(ask(party, signed(party, key, iss=None, aud=None, exp=None, nbf=None)))


def test_the_server_may_be_one_of_several_it_is_meant_for(strict: RelyingParty, key: ClientKey) -> None:
    issuer = strict.installation.settings.issuer
    assert "code" in strict.response(ask(strict, signed(strict, key, aud=["https://other.example", issuer])))
    answer = ask(strict, signed(strict, key, aud=["https://other.example"]))
    assert strict.installation.why(answer) == "request_object_audience_wrong"


@pytest.mark.parametrize("typ", ["", "jwt", "oauth-authz-req+jwt", "application/oauth-authz-req+jwt"])
def test_an_object_may_say_what_it_is(party: RelyingParty, key: ClientKey, typ: str) -> None:
    assert "code" in party.response(ask(party, key.sign(claims_of(signed(party, key)), typ)))


@pytest.mark.parametrize("typ", ["at+jwt", "dpop+jwt", "client-authentication+jwt", "logout+jwt"])
def test_a_token_of_another_kind_is_no_request_object(party: RelyingParty, key: ClientKey, typ: str) -> None:
    answer = ask(party, key.sign(claims_of(signed(party, key)), typ))
    assert party.response(answer)["error"] == "invalid_request_object"
    assert party.installation.why(answer) == "request_object_type_wrong"


def test_clocks_may_differ_by_some_seconds(strict: RelyingParty, key: ClientKey) -> None:
    ahead = validity.timestamp() + 8
    assert "code" in strict.response(ask(strict, signed(strict, key, nbf=ahead, iat=ahead)))


def test_objects_numbers_and_lists_are_read_as_their_parameters(party: RelyingParty, key: ClientKey) -> None:
    asked = {"max_age": 600, "claims": {"id_token": {"preferred_username": None}}}
    issuer = party.installation.settings.issuer
    resource = [issuer, f"{issuer}/oauth2/userinfo"]
    answer = ask(party, signed(party, key, resource=resource, **asked))
    claims = party.id_claims(answer)
    assert (claims["preferred_username"], "auth_time" in claims) == ("dave", True)


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        ({"nonce": None}, "request_object_parameter_malformed"),
        ({"authorization_details": []}, "details_malformed"),
        ({"authorization_details": ["payment", {}]}, "details_malformed"),
    ],
)
def test_what_is_no_value_of_a_parameter_is_never_passed_over(
    party: RelyingParty, key: ClientKey, member: dict[str, Any], reason: str
) -> None:
    payload = orjson.dumps(claims_of(signed(party, key)) | member)
    answer = ask(party, jwt.PyJWS().encode(payload, key.key.private, key.alg, {"kid": key.key.kid}))
    assert party.installation.why(answer) == reason


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


def test_what_was_registered_widens_no_policy(server: Installation, party: RelyingParty, key: ClientKey) -> None:
    server.registration.update("signer", {"extensions": Extensions(request_object_signing_alg="RS256")})
    server.services.clients.forget()
    assert "code" in party.response(ask(party, signed(party, key)))
    stored(server, "signer", policy={"signing_algorithms": ["PS256"]})
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
    fetched: list[tuple[str, int]] = []
    text = signed(party, key) + "\n"

    def get(url: str, *, max_bytes: int) -> OutboundResponse:
        fetched.append((url, max_bytes))
        return OutboundResponse(200, {}, text.encode())

    monkeypatch.setattr(party.installation.services.outbound, "get", get)
    browser = Browser(party.installation)
    answer = browser.sign_in(party.request(browser, request_uri=REQUEST_URI), "dave")
    assert party.response(answer)["state"] == "inner"
    assert fetched == [("https://app.example/request.jwt", foreign.MAX_LENGTH)]


def test_a_reference_to_what_is_no_text_is_refused(party: RelyingParty, monkeypatch: pytest.MonkeyPatch) -> None:
    body = OutboundResponse(200, {}, b"\xff\xfe")
    monkeypatch.setattr(party.installation.services.outbound, "get", lambda *_, **__: body)
    answer = party.request(Browser(party.installation), request_uri=REQUEST_URI)
    assert party.response(answer)["error"] == "invalid_request_object"


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


@pytest.mark.parametrize(
    ("algorithm", "content", "is_opened"),
    [
        ("RSA-OAEP-256", "A128GCM", True),
        ("RSA-OAEP-256", "A256GCM", False),
        ("ECDH-ES", "A128GCM", False),
    ],
)
def test_only_the_registered_encryption_is_opened(
    party: RelyingParty, key: ClientKey, algorithm: str, content: str, is_opened: bool
) -> None:
    server = party.installation
    registered = Extensions(request_object_encryption_alg=algorithm, request_object_encryption_enc=content)
    server.registration.update("signer", {"extensions": registered})
    server.services.clients.forget()
    answer = ask(party, sealed(server, signed(party, key)))
    assert ("code" in party.response(answer)) is is_opened
    assert is_opened or server.why(answer) == "request_object_encryption_not_allowed"


def test_an_encrypted_object_that_holds_no_token_is_refused(server: Installation, party: RelyingParty) -> None:
    assert server.why(ask(party, sealed(server, "\N{SNOWMAN}"))) == "request_object_token_malformed"


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


@pytest.mark.parametrize(
    ("outer", "expected"),
    [
        ({"response_mode": "fragment.jwt"}, "#response="),
        ({"response_type": "code id_token"}, "#error=invalid_request_object"),
    ],
)
def test_a_way_of_answering_that_was_named_beside_a_broken_object_is_kept(
    server: Installation, explicit: RelyingParty, outer: dict[str, str], expected: str
) -> None:
    server.registration.update(
        "signer",
        {
            "grant_types": ("authorization_code", "implicit"),
            "response_types": ("code", "code id_token"),
        },
    )
    server.services.clients.forget()
    assert expected in ask(explicit, signed(explicit, ClientKey("RS256")), **outer).location


@pytest.mark.parametrize(
    "outer", [{"request": "broken"}, {"request_uri": "urn:ietf:params:oauth:request_uri:x"}, {"request_uri": "urn:x"}]
)
def test_what_is_wrong_is_told_to_nobody_but_the_client(party: RelyingParty, outer: dict[str, str]) -> None:
    answer = party.request(Browser(party.installation), redirect_uri="https://evil.example/", **outer)
    assert (answer.status, answer.header("Location")) == (400, None)


@pytest.mark.parametrize(("application_type", "is_told"), [("native", True), ("web", False)])
def test_an_app_hears_at_any_port_what_is_wrong(server: Installation, application_type: str, is_told: bool) -> None:
    server.add_client("app", application_type=application_type, redirect_uris=("http://127.0.0.1/back",))
    query = "client_id=app&request=broken&redirect_uri=http%3A%2F%2F127.0.0.1%3A4711%2Fback"
    answer = Browser(server).open(f"/oauth2/authorize?{query}", follow=False)
    assert (answer.header("Location") or "").startswith("http://127.0.0.1:4711/back?error=") is is_told


def test_what_was_signed_may_be_no_longer_than_anything_else(party: RelyingParty, key: ClientKey) -> None:
    answer = ask(party, signed(party, key, state="x" * 4097))
    assert (answer.status, party.installation.why(answer)) == (400, "parameter_too_long")


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
