"""Client-initiated backchannel authentication (CIBA Core 1.0, FAPI-CIBA), after the modules `fapi-ciba-id1-*`."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine

from authserver.issuing import backchannel_requests
from authserver.issuing.backchannel_requests import MOST_OF_ONE_CLIENT
from authserver.protocol import validity
from authserver.storage.ephemeral import EphemeralUnavailable
from tests.ciba import Background, answer, approvals, decide, install_background
from tests.deep import nested
from tests.installation import Answer, Installation
from tests.moments import resolved, seconds
from tests.outbox import recorded
from tests.relying_party import Browser, RelyingParty, claims_of


@pytest.fixture
def bank(server: Installation) -> Background:
    """A client in poll mode, at a server on which `alice` may sign in."""
    server.add_user()
    return install_background(server)


@pytest.fixture
def signer(server: Installation) -> Background:
    """A client that signs its requests."""
    server.add_user()
    return install_background(server, signs=True)


def assert_refused(got: Answer, error: str, status: int = 400) -> None:
    assert (got.status, got.json["error"]) == (status, error), got.text
    assert got.json.keys() <= {"error", "error_description", "error_uri"}
    assert got.header("Cache-Control") == "no-store"


# --- the request (§7.1, §7.3) -----------------------------------------------------------------


def test_a_request_is_acknowledged(bank: Background) -> None:
    told = bank.start()
    assert told.keys() == {"auth_req_id", "expires_in", "interval"}
    assert (told["expires_in"], told["interval"]) == (300, 5)
    assert len(told["auth_req_id"]) >= 43


def test_metadata_says_what_is_offered(server: Installation) -> None:
    metadata = server.get("/.well-known/openid-configuration").json
    assert metadata["backchannel_authentication_endpoint"].endswith("/oauth2/bc-authorize")
    assert metadata["backchannel_token_delivery_modes_supported"] == ["poll", "ping"]
    assert "urn:openid:params:grant-type:ciba" in metadata["grant_types_supported"]
    assert {"PS256", "ES256"} <= set(metadata["backchannel_authentication_request_signing_alg_values_supported"])
    assert "none" not in metadata["backchannel_authentication_request_signing_alg_values_supported"]


def test_the_client_proves_itself(bank: Background) -> None:
    bank.secret = "wrong"
    assert_refused(bank.ask(), "invalid_client", 401)


def test_a_client_without_the_grant_is_refused(server: Installation) -> None:
    server.add_user()
    assert_refused(Background(server, *server.add_client()).ask(), "unauthorized_client")


def test_a_public_client_rings_nobody(server: Installation) -> None:
    server.add_user()
    public = install_background(server, token_endpoint_auth_method="none")
    got = server.post("/oauth2/bc-authorize", {"client_id": public.client_id, "scope": "openid", "login_hint": "alice"})
    assert_refused(got, "unauthorized_client")


@pytest.mark.parametrize(
    ("reason", "hints"),
    [
        ("hints_not_one", {"login_hint": None}),
        ("hints_not_one", {"login_hint": "alice", "id_token_hint": "x"}),
        ("hints_not_one", {"login_hint": "alice", "login_hint_token": "x"}),
        ("login_hint_token_unsupported", {"login_hint": None, "login_hint_token": "x"}),
        ("id_token_hint_token_malformed", {"login_hint": None, "id_token_hint": "x"}),
    ],
)
def test_multiple_hints_no_hint_and_bad_hints_are_invalid_requests(
    bank: Background, reason: str, hints: dict[str, Any]
) -> None:
    got = bank.ask(**hints)
    assert_refused(got, "invalid_request")
    assert bank.installation.why(got) == reason


def test_a_hint_that_names_nobody_is_an_unknown_user_id(bank: Background) -> None:
    assert_refused(bank.ask(login_hint="nobody"), "unknown_user_id")


def test_who_is_disabled_is_an_unknown_user_id(bank: Background) -> None:
    server = bank.installation
    with server.unit() as unit:
        server.services.users.disable(unit, unit.users.hold(server.users["alice"].id))
    assert_refused(bank.ask(), "unknown_user_id")


def test_an_address_names_a_person_too(bank: Background) -> None:
    assert bank.ask(login_hint="ALICE@example.com").status == 200


def test_an_id_token_names_a_person(bank: Background) -> None:
    bank.start()
    decide(bank.installation)
    hint = bank.poll().json["id_token"]
    assert bank.ask(login_hint=None, id_token_hint=hint).status == 200


def test_an_id_token_of_another_client_does_not(bank: Background) -> None:
    server = bank.installation
    hint = RelyingParty(server, *server.add_client()).tokens()["id_token"]
    got = bank.ask(login_hint=None, id_token_hint=hint)
    assert_refused(got, "invalid_request")
    assert server.why(got) == "id_token_hint_other_client"


@pytest.mark.parametrize(("scope", "error"), [("email", "invalid_scope"), ("openid phone", "invalid_scope")])
def test_scope_has_openid_and_is_the_clients(bank: Background, scope: str, error: str) -> None:
    assert_refused(bank.ask(scope=scope), error)


@pytest.mark.parametrize("message", ["1234", "Überweisung 4711 €", "x" * 100])
def test_a_binding_message_is_shown(bank: Background, message: str) -> None:
    bank.start(binding_message=message)
    assert message in approvals(Browser(bank.installation)).text


@pytest.mark.parametrize("message", ["x" * 101, "two\nlines", " ", "right\u202eleft"])
def test_a_binding_message_that_cannot_be_shown_is_refused(bank: Background, message: str) -> None:
    assert_refused(bank.ask(binding_message=message), "invalid_binding_message")


@pytest.mark.parametrize(("asked", "given"), [("10", 10), ("999999", 3600)])
def test_a_requested_expiry_is_kept_within_an_hour(bank: Background, asked: str, given: int) -> None:
    assert bank.start(requested_expiry=asked)["expires_in"] == given


@pytest.mark.parametrize("asked", ["0", "-1", "soon", "1.5", "١"])
def test_a_requested_expiry_is_a_number(bank: Background, asked: str) -> None:
    assert_refused(bank.ask(requested_expiry=asked), "invalid_request")


def test_what_is_not_understood_is_ignored(bank: Background) -> None:
    assert bank.ask(acr_values="urn:mace:incommon:iap:silver", user_code="1234", colour="blue").status == 200


def test_that_a_client_asked_is_told(bank: Background) -> None:
    bank.start()
    (event,) = recorded(bank.installation, "BackchannelAuthenticationRequested")
    assert (event["client_id"], event["scopes"]) == ("bank", ["openid"])


def test_a_client_may_have_ten_requests_wait_for_one_person(bank: Background) -> None:
    server = bank.installation
    for _ in range(MOST_OF_ONE_CLIENT):
        bank.start()
    got = bank.ask()
    assert_refused(got, "access_denied", 403)
    assert server.why(got) == "requests_of_client_waiting"
    assert len(recorded(server, "BackchannelAuthenticationRequested")) == MOST_OF_ONE_CLIENT
    server.add_user("bob")
    assert bank.ask(login_hint="bob").status == 200
    assert install_background(server, "shop").ask().status == 200


def test_all_clients_together_do_not_flood_a_person(bank: Background, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backchannel_requests, "MOST_WAITING", 3)
    for name in ("one", "two", "three"):
        install_background(bank.installation, name).start()
    got = bank.ask()
    assert_refused(got, "access_denied", 403)
    assert bank.installation.why(got) == "requests_of_person_waiting"


def test_answered_and_expired_requests_make_room(bank: Background, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backchannel_requests, "MOST_OF_ONE_CLIENT", 1)
    bank.start()
    decide(bank.installation, "deny")
    bank.start()
    with time_machine.travel(validity.after(301)):
        assert bank.ask().status == 200


# --- signed requests (§7.1.1) -----------------------------------------------------------------


def test_a_signed_request_is_taken(signer: Background) -> None:
    got = signer.send(request=signer.signed(requested_expiry=10, binding_message="1234"))
    assert got.status == 200, got.text
    assert got.json["expires_in"] == 10
    assert signer.send(request=signer.signed(requested_expiry="20")).json["expires_in"] == 20


def test_who_registered_to_sign_must_sign(signer: Background) -> None:
    assert_refused(signer.ask(), "invalid_request")


def test_who_did_not_register_to_sign_may_not(bank: Background) -> None:
    got = bank.send(request=bank.signed())
    assert_refused(got, "invalid_request")
    assert bank.installation.why(got) == "request_not_registered"


def test_policy_may_demand_a_signature(server: Installation) -> None:
    server.add_user()
    got = install_background(server, policy={"signed_requests": True}).ask()
    assert_refused(got, "invalid_request")
    assert server.why(got) == "request_not_signed"


def test_a_request_may_be_for_several_servers(signer: Background) -> None:
    both = ["https://elsewhere.example", signer.installation.settings.issuer]
    assert signer.send(request=signer.signed(aud=both)).status == 200


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        ("request_audience_wrong", {"aud": None}),
        ("request_audience_wrong", {"aud": "https://elsewhere.example"}),
        ("request_issuer_wrong", {"iss": None}),
        ("request_issuer_wrong", {"iss": "radio"}),
        ("request_without_exp", {"exp": None}),
        ("request_expired", {"exp": seconds(-300)}),
        ("request_too_long_valid", {"exp": seconds(4200)}),
        ("request_without_iat", {"iat": None}),
        ("request_without_nbf", {"nbf": None}),
        ("request_not_yet_valid", {"nbf": seconds(600), "exp": seconds(900)}),
        ("request_too_long_valid", {"nbf": seconds(-4200)}),
        ("request_not_yet_valid", {"iat": seconds(600)}),
        ("request_without_exp", {"exp": True}),
        ("request_without_nbf", {"nbf": "0"}),
        ("request_without_jti", {"jti": None}),
        ("request_without_jti", {"jti": ""}),
        ("request_parameter_malformed", {"binding_message": True}),
        ("request_parameter_malformed", {"binding_message": "a\0b"}),
        ("request_parameter_malformed", {"authorization_details": nested(300)}),
        ("request_parameter_malformed", {"resource": ["https://api.example", 1.5]}),
        ("request_without_jti", {"jti": 1}),
        ("request_without_jti", {"jti": "x" * 256}),
        ("request_parameter_malformed", {"binding_message": {"a": 1}}),
        ("hints_not_one", {"id_token_hint": "x"}),
        ("request_algorithm_not_allowed", {"key": "RS256"}),
    ],
)
def test_a_request_with_a_wrong_claim_is_refused(signer: Background, reason: str, changes: dict[str, Any]) -> None:
    got = signer.send(request=signer.signed(**resolved(changes)))
    assert_refused(got, "invalid_request")
    assert signer.installation.why(got) == reason


def test_a_signed_request_counts_once(signer: Background) -> None:
    request = signer.signed()
    assert signer.send(request=request).status == 200
    got = signer.send(request=request)
    assert_refused(got, "invalid_request")
    assert signer.installation.why(got) == "request_replayed"


def test_a_signed_request_is_remembered_until_its_end(frozen_time: time_machine.Traveller, signer: Background) -> None:
    request = signer.signed(exp=int(time.time()) + 299.5)
    assert signer.send(request=request).status == 200
    reasons = []
    for later in (299.7, 0.5):
        frozen_time.shift(later)
        reasons.append(signer.installation.why(signer.send(request=request)))
    assert reasons == ["request_replayed", "request_expired"]


def test_clients_may_choose_the_same_jti(signer: Background) -> None:
    other = install_background(signer.installation, "other", signs=True)
    for client in (signer, other):
        assert client.send(request=client.signed(jti="1")).status == 200


def test_a_request_that_asks_for_nothing_is_not_used_up(signer: Background) -> None:
    assert_refused(signer.send(request=signer.signed(jti="1", binding_message={"a": 1})), "invalid_request")
    assert signer.send(request=signer.signed(jti="1")).status == 200


def test_what_cannot_be_remembered_is_refused(signer: Background, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> bool:
        raise EphemeralUnavailable("The store does not answer.")

    monkeypatch.setattr(signer.installation.services.elsewhere.signed, "_ephemeral", SimpleNamespace(add=fail))
    got = signer.send(request=signer.signed())
    assert got.status >= 500
    assert recorded(signer.installation, "BackchannelAuthenticationRequested") == []


def test_a_request_that_another_client_signed_is_refused(signer: Background) -> None:
    other = install_background(signer.installation, "other", signs=True)
    assert_refused(other.send(request=signer.signed()), "invalid_request")


@pytest.mark.parametrize("text", ["x", "a.b.c", "eyJhbGciOiJub25lIn0.e30."])
def test_what_is_no_signed_request_is_refused(signer: Background, text: str) -> None:
    assert_refused(signer.send(request=text), "invalid_request")


def test_nothing_stands_beside_a_signed_request(signer: Background) -> None:
    assert_refused(signer.send(request=signer.signed(), binding_message="another"), "invalid_request")


def test_a_signed_parameter_is_as_long_as_any_other(signer: Background) -> None:
    assert_refused(signer.send(request=signer.signed(login_hint="x" * 513)), "invalid_request")


# --- the person (§8) --------------------------------------------------------------------------


def test_the_page_says_who_asks_for_what(bank: Background) -> None:
    bank.start(scope="openid email", binding_message="Order 4711")
    page = approvals(Browser(bank.installation))
    for words in ("Acme Bank asks to sign you in", "Order 4711", "See your email address", "alice"):
        assert words in page.text.replace("<bdi>", "").replace("</bdi>", "")


def test_nobody_sees_what_waits_for_somebody_else(bank: Background) -> None:
    bank.installation.add_user("bob")
    bank.start(binding_message="Order 4711")
    assert "Order 4711" not in approvals(Browser(bank.installation), "bob").text


def test_nobody_answers_for_somebody_else(bank: Background) -> None:
    server = bank.installation
    server.add_user("bob")
    bank.start()
    page = approvals(Browser(server))
    (reference,) = [text.split('"')[0] for text in page.text.split('name="request" value="')[1:]]
    browser = Browser(server)
    shown = approvals(browser, "bob")
    browser.submit(shown, request=reference, action="allow")
    assert_refused(bank.poll(), "authorization_pending")


def test_the_page_shows_what_became_of_an_answer(bank: Background) -> None:
    bank.start()
    browser = Browser(bank.installation)
    page = approvals(browser)
    assert "You allowed the request" in answer(browser, page, "allow").text
    assert "This request is over" in answer(browser, page, "deny").text
    assert bank.poll().status == 200


def test_of_several_requests_each_has_its_answer(bank: Background) -> None:
    first = bank.start()["auth_req_id"]
    second = bank.start()["auth_req_id"]
    browser = Browser(bank.installation)
    page = answer(browser, approvals(browser), "deny")
    answer(browser, page, "allow")
    assert_refused(bank.poll(auth_req_id=first), "access_denied")
    assert bank.poll(auth_req_id=second).status == 200


def test_a_client_that_was_disabled_is_not_shown(bank: Background) -> None:
    bank.start()
    bank.installation.registration.disable("bank")
    bank.installation.services.clients.forget()
    assert "Nothing waits for you" in approvals(Browser(bank.installation)).text


def test_a_client_that_lost_the_grant_is_not_shown(bank: Background) -> None:
    bank.start()
    left = {"grant_types": ("client_credentials",)}
    bank.installation.registration.update("bank", left)
    bank.installation.services.clients.forget()
    assert "Nothing waits for you" in approvals(Browser(bank.installation)).text


def test_a_client_that_was_disabled_meanwhile_gets_no_answer(bank: Background) -> None:
    server, browser = bank.installation, Browser(bank.installation)
    bank.start()
    page = approvals(browser)
    server.registration.disable("bank")
    server.services.clients.forget()
    assert "This request is over" in answer(browser, page, "allow").text
    server.registration.enable("bank")
    server.services.clients.forget()
    assert_refused(bank.poll(), "authorization_pending")


def test_what_is_over_is_not_shown(frozen_time: time_machine.Traveller, bank: Background) -> None:
    bank.start(requested_expiry="10")
    decide(bank.installation, "deny")
    bank.start(requested_expiry="10")
    browser = Browser(bank.installation)
    assert approvals(browser).text.count('name="request"') == 1
    frozen_time.shift(11)
    assert "Nothing waits for you" in approvals(browser).text


def test_a_form_from_elsewhere_answers_nothing(bank: Background) -> None:
    bank.start()
    browser = Browser(bank.installation)
    page = approvals(browser)
    page = browser.submit(page, action="allow", csrf_token="forged", request="x")
    assert page.status == 403
    assert_refused(bank.poll(), "authorization_pending")


# --- the token endpoint (§10.1, §11) ----------------------------------------------------------


def test_tokens_follow_the_permission(bank: Background) -> None:
    bank.start(scope="openid email offline_access")
    decide(bank.installation)
    got = bank.poll()
    assert got.header("Cache-Control") == "no-store"
    claims = claims_of(got.json["id_token"])
    assert (claims["aud"], claims["sub"]) == ("bank", bank.installation.users["alice"].id)
    assert claims["auth_time"]
    assert not {"nonce", "c_hash", "s_hash"} & claims.keys()
    assert bank.userinfo(got.json["access_token"]).json["email"] == "alice@example.com"
    assert bank.refresh(got.json["refresh_token"]).status == 200


def test_until_the_person_decides_it_is_pending_and_then_slower(bank: Background) -> None:
    bank.start()
    assert_refused(bank.poll(), "authorization_pending")
    assert_refused(bank.poll(), "slow_down")


def test_a_refusal_is_told(bank: Background) -> None:
    bank.start()
    decide(bank.installation, "deny")
    assert_refused(bank.poll(), "access_denied")


def test_a_request_expires_when_it_asked_to(frozen_time: time_machine.Traveller, bank: Background) -> None:
    bank.start(requested_expiry="10")
    frozen_time.shift(11)
    assert_refused(bank.poll(), "expired_token")


def test_an_auth_req_id_of_another_client_is_an_invalid_grant(bank: Background) -> None:
    bank.start()
    decide(bank.installation)
    other = install_background(bank.installation, "other")
    assert_refused(other.poll(auth_req_id=bank.auth_req_id), "invalid_grant")
    assert bank.poll().status == 200


def test_an_auth_req_id_is_used_once(bank: Background) -> None:
    bank.start()
    decide(bank.installation)
    assert bank.poll().status == 200
    assert_refused(bank.poll(), "invalid_grant")


@pytest.mark.parametrize(("value", "error"), [("x", "invalid_grant"), ("", "invalid_request")])
def test_an_unknown_auth_req_id_is_refused(bank: Background, value: str, error: str) -> None:
    assert_refused(bank.poll(auth_req_id=value), error)


def test_a_refresh_token_is_the_clients_own(bank: Background) -> None:
    bank.start(scope="openid offline_access")
    decide(bank.installation)
    other = install_background(bank.installation, "other")
    assert_refused(other.refresh(bank.poll().json["refresh_token"]), "invalid_grant")
