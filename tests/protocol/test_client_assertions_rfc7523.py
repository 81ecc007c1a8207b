"""Clients that authenticate by a signed assertion (RFC 7521, RFC 7523 §2.2 and §3, OIDC Core §9).

The behaviours of the suite's modules `fapi2-security-profile-final-ensure-client-assertion-*`,
`…-client-assertion-with-*`, `oidcc-ensure-client-assertion-with-iss-aud-succeeds` and
`oidcc-refresh-token-rp-key-rotation`.
"""

from __future__ import annotations

from typing import Any

import pytest
import time_machine

from authserver.clients import keys as client_keys
from authserver.clients.authentication import assertions
from tests.assertions import (
    CREDENTIALS,
    Asserting,
    add_mac_client,
    add_signer,
    key_set,
    mac,
    registered,
    unsigned,
    with_header,
)
from tests.installation import Installation
from tests.keys import signing
from tests.published_keys import REACHABLE, published

FAPI = {"profile": "fapi2-security", "policy": {"access_token_alg": "ES256", "id_token_alg": "ES256"}}
ISSUER = "http://127.0.0.1:8000"


@pytest.fixture
def signer(server: Installation, frozen_time: time_machine.Traveller) -> Asserting:
    return add_signer(server)


@pytest.fixture
def sharer(server: Installation, frozen_time: time_machine.Traveller) -> Asserting:
    return add_mac_client(server)


@pytest.fixture(params=["private_key_jwt", "client_secret_jwt"])
def client(request: pytest.FixtureRequest, server: Installation, frozen_time: time_machine.Traveller) -> Asserting:
    """A client of either kind: the rules of assertions are the same for both."""
    return add_signer(server) if request.param == "private_key_jwt" else add_mac_client(server)


# --- what is accepted -------------------------------------------------------------------------


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "EdDSA"])
def test_signature_by_a_registered_key_authenticates(server: Installation, alg: str) -> None:
    answer = add_signer(server, signing(alg)).ask()
    assert answer.status == 200, answer.text
    assert answer.json["access_token"]


def test_mac_under_the_secret_authenticates(sharer: Asserting) -> None:
    assert sharer.ask().status == 200


def test_same_client_id_in_the_body_is_accepted(client: Asserting) -> None:
    assert client.ask(client_id=client.client_id).status == 200


@pytest.mark.parametrize("path", ["/oauth2/introspect", "/oauth2/revoke"])
def test_assertions_count_at_every_endpoint_that_clients_call(client: Asserting, path: str) -> None:
    assert client.ask(path=path, token="nonsense").status == 200


@pytest.mark.parametrize("claims", [{"iat": None}, {"nbf": 0}, {"exp": 4102444800.5, "iat": 4102444790}])
def test_claims_that_are_optional_may_be_absent_and_times_may_have_fractions(
    frozen_time: time_machine.Traveller, client: Asserting, claims: dict[str, Any]
) -> None:
    if "exp" in claims:
        frozen_time.move_to(4102444790)
    assert client.ask(client.assertion(**claims)).status == 200


@pytest.mark.parametrize("name", ["iat", "nbf"])
@pytest.mark.parametrize(("seconds", "status"), [(10, 200), (61, 401)])
def test_clock_that_is_ten_seconds_ahead_is_accepted_and_one_of_a_minute_is_not(
    client: Asserting, name: str, seconds: int, status: int
) -> None:
    moment = client.claims()["iat"] + seconds
    assert client.ask(client.assertion(**{name: moment})).status == status


# --- claims -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "somebody"}, "assertion_issuer_wrong"),
        ({"iss": None}, "assertion_issuer_wrong"),
        ({"sub": None}, "assertion_subject_missing"),
        ({"sub": ["signer"]}, "assertion_subject_missing"),
        ({"sub": ""}, "assertion_subject_missing"),
        ({"sub": "nobody"}, "client_unknown"),
        ({"jti": None}, "assertion_jti_missing"),
        ({"jti": ""}, "assertion_jti_missing"),
        ({"jti": 7}, "assertion_jti_missing"),
        ({"jti": "x" * 256}, "assertion_jti_missing"),
        ({"exp": None}, "assertion_exp_missing"),
        ({"exp": "4102444800"}, "assertion_exp_missing"),
        ({"exp": True}, "assertion_exp_missing"),
        ({"exp": 4102444800}, "assertion_lives_too_long"),
        ({"iat": "now"}, "assertion_from_the_future"),
        ({"nbf": True}, "assertion_from_the_future"),
        ({"aud": None}, "assertion_audience_wrong"),
        ({"aud": []}, "assertion_audience_wrong"),
        ({"aud": "https://other.example"}, "assertion_audience_wrong"),
    ],
)
def test_claim_that_is_wrong_or_missing_is_refused(client: Asserting, changes: dict[str, Any], reason: str) -> None:
    assert client.refused(client.assertion(**changes)) == reason


@pytest.mark.parametrize("seconds", [0, 300])
def test_assertion_that_has_expired_is_refused(client: Asserting, seconds: int) -> None:
    assert client.refused(client.assertion(exp=client.claims()["iat"] - seconds)) == "assertion_expired"


def test_assertion_of_an_hour_is_the_longest(client: Asserting) -> None:
    moment = client.claims()["iat"] + assertions.LONGEST_SECONDS
    assert client.ask(client.assertion(exp=moment)).status == 200
    later = client.assertion(exp=moment + assertions.AHEAD_SECONDS + 1)
    assert client.refused(later) == "assertion_lives_too_long"


# --- audience ---------------------------------------------------------------------------------


@pytest.mark.parametrize("audience", [f"{ISSUER}/oauth2/token", f"{ISSUER}/", [ISSUER], [ISSUER, "https://b.example"]])
def test_by_default_the_issuer_as_a_string_is_the_only_audience(client: Asserting, audience: Any) -> None:
    assert client.refused(client.assertion(aud=audience)) == "assertion_audience_wrong"


@pytest.mark.parametrize(
    ("audience", "good"),
    [
        (ISSUER, True),
        (f"{ISSUER}/oauth2/token", True),
        (f"{ISSUER}/oauth2/introspect", True),
        ([f"{ISSUER}/oauth2/token", "https://b.example"], True),
        ([ISSUER], True),
        ("https://mtls.example/oauth2/token", True),
        ("https://mtls.example/oauth2/introspect", True),
        (f"{ISSUER}/oauth2/revoke", False),
        (f"{ISSUER}/oauth2/token/", False),
        (["https://b.example"], False),
        ([], False),
        ([7], False),
    ],
)
def test_clients_of_older_rules_may_name_an_endpoint(make_server: Any, audience: Any, good: bool) -> None:
    client = add_signer(make_server(mtls_url="https://mtls.example"), profile="oidc")
    answer = client.ask(client.assertion(aud=audience), path="/oauth2/introspect", token="nonsense")
    assert answer.status == (200 if good else 401)


def test_fapi_client_cannot_be_given_the_older_rule(server: Installation) -> None:
    client = add_signer(server, **FAPI)
    assert client.ask(path="/oauth2/introspect", token="nonsense").status == 200
    for audience in ([ISSUER], f"{ISSUER}/oauth2/token"):
        assert client.refused(client.assertion(aud=audience)) == "assertion_audience_wrong"


# --- single use -------------------------------------------------------------------------------


def test_assertion_counts_once(client: Asserting) -> None:
    assertion = client.assertion()
    assert client.ask(assertion).status == 200
    assert client.refused(assertion) == "assertion_replayed"


def test_assertion_that_was_used_at_one_endpoint_counts_at_no_other(client: Asserting) -> None:
    assertion = client.assertion()
    assert client.ask(assertion, path="/oauth2/introspect", token="nonsense").status == 200
    assert client.refused(assertion) == "assertion_replayed"


def test_same_name_of_another_client_is_another_assertion(server: Installation) -> None:
    for name in ("first", "second"):
        client = add_signer(server, client_id=name)
        assert client.ask(client.assertion(jti="one")).status == 200


def test_assertion_with_a_wrong_signature_uses_up_nothing(signer: Asserting) -> None:
    claims = signer.claims()
    assert (
        signer.refused(Asserting(signer.installation, key=signing("PS256")).signed(claims)) == "assertion_key_unknown"
    )
    assert signer.ask(signer.signed(claims)).status == 200


def test_assertion_is_remembered_until_it_expires(frozen_time: time_machine.Traveller, client: Asserting) -> None:
    assertion = client.assertion(exp=client.claims()["iat"] + 3600)
    assert client.ask(assertion).status == 200
    frozen_time.shift(3599)
    assert client.refused(assertion) == "assertion_replayed"


def test_store_that_does_not_answer_lets_nobody_in(signer: Asserting, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: Any) -> bool:
        raise ConnectionError

    monkeypatch.setattr(signer.installation.services.ephemeral, "once", broken)
    answer = signer.ask()
    assert answer.status >= 500
    assert "access_token" not in answer.text


# --- signatures -------------------------------------------------------------------------------


def test_unsigned_assertion_is_refused(signer: Asserting) -> None:
    assert signer.refused(unsigned(signer.claims())) == "assertion_algorithm_not_allowed"


def test_public_key_is_no_secret(signer: Asserting) -> None:
    """Key confusion: the public key as the secret of an HMAC (RFC 8725 §2.1)."""
    public = str(key_set(signer.key)["keys"][0])
    assert signer.refused(mac(signer.claims(), public)) == "method_not_registered"


def test_key_of_somebody_else_is_refused(signer: Asserting) -> None:
    other = Asserting(signer.installation, key=signing("RS256"))
    assert signer.refused(other.assertion()) == "assertion_key_unknown"


def test_other_key_under_the_name_of_ours_is_refused(signer: Asserting) -> None:
    forged = with_header(signer.claims(), signing("PS256"), kid=signer.key.kid)
    assert signer.refused(forged) == "assertion_key_unknown"


def test_assertion_without_a_key_name_is_tried_with_every_key(server: Installation) -> None:
    client = add_signer(server, jwks=key_set(signing("RS256"), signing("ES256")))
    assert client.ask(with_header(client.claims(), client.key, kid=None)).status == 200


@pytest.mark.parametrize("member", ["jku", "x5u", "jwk", "crit"])
def test_header_that_chooses_its_key_or_its_rules_is_refused(signer: Asserting, member: str) -> None:
    forged = with_header(signer.claims(), signer.key, **{member: "https://evil.example"})
    assert signer.refused(forged) == "assertion_header_member_not_allowed"


@pytest.mark.parametrize("assertion", ["x", "a.b.c", "e30.e30.e30", "x" * 8_000])
def test_what_is_no_token_is_refused(signer: Asserting, assertion: str) -> None:
    assert signer.refused(assertion).startswith("assertion_")


def test_registered_algorithm_is_the_only_one(server: Installation) -> None:
    keys = key_set(signing("ES256"), signing("PS256"))
    client = add_signer(server, jwks=keys, **registered(token_endpoint_auth_signing_alg="PS256"))
    assert client.refused() == "assertion_algorithm_not_allowed"
    client.key = signing("PS256")
    assert client.ask().status == 200


def test_fapi_clients_may_not_sign_with_rs256(server: Installation) -> None:
    client = add_signer(server, signing("RS256"), **FAPI)
    assert client.refused() == "assertion_algorithm_not_allowed"


def test_mac_under_another_secret_is_refused(sharer: Asserting) -> None:
    assert sharer.refused(mac(sharer.claims(), "another-secret-of-thirty-two-chars")) == "assertion_signature_wrong"


def test_mac_is_good_under_both_secrets_while_they_overlap(
    frozen_time: time_machine.Traveller, sharer: Asserting
) -> None:
    old, server = sharer.secret, sharer.installation
    fresh = server.registration.rotate_secret(sharer.client_id, overlap=60).secret
    assert fresh is not None
    server.services.clients.forget()
    assert [sharer.ask(mac(sharer.claims(), secret)).status for secret in (old, fresh)] == [200, 200]
    frozen_time.shift(61)
    assert [sharer.ask(mac(sharer.claims(), secret)).status for secret in (old, fresh)] == [401, 200]


# --- one method, the registered one -----------------------------------------------------------


def test_client_of_another_method_is_refused(server: Installation, signer: Asserting) -> None:
    _, secret = server.add_client("basic")
    assert Asserting(server, "basic").refused() == "method_not_registered"
    assert Asserting(server, "basic", secret=secret).refused() == "method_not_registered"
    assert Asserting(server, signer.client_id, secret="x" * 32).refused() == "method_not_registered"


def test_secret_of_a_client_with_assertions_opens_nothing_itself(server: Installation, sharer: Asserting) -> None:
    body = CREDENTIALS | {"client_id": sharer.client_id, "client_secret": sharer.secret}
    answer = server.post("/oauth2/token", body)
    assert (answer.status, server.why(answer)) == (401, "method_not_registered")


def test_name_alone_does_not_authenticate(server: Installation, signer: Asserting) -> None:
    answer = server.post("/oauth2/token", CREDENTIALS | {"client_id": signer.client_id})
    assert (answer.status, server.why(answer)) == (401, "method_not_registered")


def test_another_client_id_in_the_body_is_refused(server: Installation, signer: Asserting) -> None:
    server.add_client("other")
    assert signer.refused(client_id="other") == "two_clients"


def test_disabled_client_is_refused(server: Installation, signer: Asserting) -> None:
    server.registration.disable(signer.client_id)
    server.services.clients.forget()
    assert signer.refused() == "client_disabled"


@pytest.mark.parametrize("kind", ["urn:ietf:params:oauth:client-assertion-type:saml2-bearer", "jwt-bearer"])
def test_assertion_of_another_type_is_refused(signer: Asserting, kind: str) -> None:
    assert signer.refused(client_assertion_type=kind) == "assertion_type_unknown"


@pytest.mark.parametrize("name", ["client_assertion", "client_assertion_type"])
def test_assertion_and_type_go_together(server: Installation, signer: Asserting, name: str) -> None:
    form = signer.form()
    del form[name]
    answer = server.post("/oauth2/token", form)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("second", [{"client_secret": "secret"}, {"client_assertion": ["a", "b"]}])
def test_second_method_or_assertion_is_refused(signer: Asserting, second: dict[str, Any]) -> None:
    answer = signer.ask(**second)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


def test_every_failure_has_the_same_words(signer: Asserting) -> None:
    words = {
        signer.ask(assertion).json["error_description"].partition(" (")[0]
        for assertion in (signer.assertion(sub="nobody"), signer.assertion(aud="x"), unsigned(signer.claims()))
    }
    assert words == {"Client authentication failed."}


# --- published keys ---------------------------------------------------------------------------


def test_key_that_was_rotated_a_moment_ago_is_found(make_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_keys, "PAUSE_SECONDS", 0)
    with published(key_set(signing("ES256"))) as owner:
        client = add_signer(make_server(**REACHABLE), jwks=None, jwks_uri=owner.uri)
        assert client.ask().status == 200
        owner.document, client.key = key_set(signing("PS256")), signing("PS256")
        assert client.ask().status == 200
        assert client.ask().status == 200
        assert owner.asked == 2


def test_keys_that_cannot_be_read_let_nobody_in(make_server: Any) -> None:
    with published({"keys": []}) as owner:
        owner.status = 500
        client = add_signer(make_server(**REACHABLE), jwks=None, jwks_uri=owner.uri)
        assert client.refused() == "assertion_keys_unavailable"


def test_nobody_is_called_for_who_cannot_be_authenticated(make_server: Any) -> None:
    """Not for a disabled client, one with another method, an algorithm that is not allowed, or an unknown one."""
    with published(key_set(signing("ES256"))) as owner:
        server = make_server(**REACHABLE)
        disabled = add_signer(server, client_id="disabled", jwks=None, jwks_uri=owner.uri)
        server.registration.disable("disabled")
        server.add_client("basic", jwks_uri=owner.uri)
        fapi = add_signer(server, client_id="fapi", jwks=None, jwks_uri=owner.uri, **FAPI)
        fapi.key = signing("RS256")
        for client in (disabled, Asserting(server, "basic"), fapi, Asserting(server, "nobody")):
            assert client.ask().status == 401
        assert owner.asked == 0
