"""Pushed authorization requests (RFC 9126)."""

from __future__ import annotations

import base64
from functools import partial
from typing import Any

import pytest

from authserver.authorize import pushed_requests
from authserver.clients.extensions import Extensions
from authserver.crypto.handles import Kind
from authserver.protocol import validity
from tests.dpop import DPoPKey
from tests.installation import REDIRECT_URI, Answer, Installation
from tests.relying_party import Browser, RelyingParty
from tests.signing import ClientKey
from tests.threads import race


@pytest.fixture
def party(server: Installation) -> RelyingParty:
    server.add_user("erin")
    client_id, secret = server.add_client("pusher", policy={"consent": "skip"})
    return RelyingParty(server, client_id, secret)


def push(party: RelyingParty, *, proof: str | None = None, **parameters: Any) -> Answer:
    values: dict[str, Any] = {
        "response_type": "code",
        "redirect_uri": REDIRECT_URI,
        "scope": "openid",
        "state": "pushed",
        "code_challenge": party.challenge,
        "code_challenge_method": "S256",
    } | parameters
    credentials = base64.b64encode(f"{party.client_id}:{party.secret}".encode()).decode()
    form = {name: value for name, value in values.items() if value is not None}
    headers = {"Authorization": f"Basic {credentials}"} | ({"DPoP": proof} if proof is not None else {})
    return party.installation.post("/oauth2/par", form, headers=headers)


def visit(party: RelyingParty, browser: Browser, request_uri: str, client_id: str | None = None) -> Answer:
    return browser.open(f"/oauth2/authorize?client_id={client_id or party.client_id}&request_uri={request_uri}")


def test_a_pushed_request_is_named_and_answered(party: RelyingParty) -> None:
    """fapi2-security-profile-final-par-without-duplicate-parameters"""
    answer = push(party)
    assert (answer.status, answer.json["expires_in"], answer.header("Cache-Control")) == (201, 60, "no-store")
    browser = Browser(party.installation)
    response = party.response(browser.sign_in(visit(party, browser, answer.json["request_uri"]), "erin"))
    assert response["state"] == "pushed"
    assert party.redeem(response["code"]).status == 200


def test_a_client_may_name_itself_beside_its_authentication(party: RelyingParty) -> None:
    name, browser = push(party, client_id=party.client_id).json["request_uri"], Browser(party.installation)
    assert "code" in party.response(browser.sign_in(visit(party, browser, name), "erin"))


def test_what_comes_beside_the_name_is_ignored(party: RelyingParty) -> None:
    browser = Browser(party.installation)
    name = push(party, state=None).json["request_uri"]
    page = browser.open(f"/oauth2/authorize?client_id={party.client_id}&request_uri={name}&state=outside&nonce=n")
    assert "state" not in party.response(browser.sign_in(page, "erin"))


def test_the_name_may_be_visited_again_before_the_answer(party: RelyingParty) -> None:
    """fapi2-security-profile-final-par-ensure-reused-request-uri-prior-to-auth-completion-succeeds"""
    name, browser = push(party).json["request_uri"], Browser(party.installation)
    visit(party, browser, name)
    assert "code" in party.response(browser.sign_in(visit(party, browser, name), "erin"))


def test_the_name_is_used_up_by_the_answer(party: RelyingParty) -> None:
    name, browser = push(party).json["request_uri"], Browser(party.installation)
    browser.sign_in(visit(party, browser, name), "erin")
    answer = visit(party, browser, name)
    assert (answer.status, party.installation.why(answer)) == (400, "pushed_request_used")


def test_two_sign_ins_with_one_name_get_one_code(party: RelyingParty) -> None:
    name, browsers = push(party).json["request_uri"], [Browser(party.installation) for _ in range(4)]
    pages = [visit(party, browser, name) for browser in browsers]
    works = [partial(browser.sign_in, page, "erin") for browser, page in zip(browsers, pages, strict=True)]
    responses = [party.response(answer) for answer in race(works)]
    assert sum("code" in response for response in responses) == 1
    assert {response.get("error") for response in responses if "code" not in response} == {"invalid_request_uri"}


def test_an_expired_name_is_refused(party: RelyingParty, monkeypatch: pytest.MonkeyPatch) -> None:
    """fapi2-security-profile-final-par-attempt-to-use-expired-request_uri"""
    name = push(party).json["request_uri"]
    later = validity.after(61)
    monkeypatch.setattr(validity, "now", lambda: later)
    answer = visit(party, Browser(party.installation), name)
    assert (answer.status, party.installation.why(answer)) == (400, "pushed_request_expired")


def test_another_client_cannot_use_the_name(server: Installation, party: RelyingParty) -> None:
    """fapi2-security-profile-final-par-attempt-to-use-request_uri-for-different-client"""
    server.add_client("other")
    answer = visit(party, Browser(server), push(party).json["request_uri"], "other")
    assert (answer.status, server.why(answer)) == (400, "pushed_request_of_other_client")


@pytest.mark.parametrize("is_well_formed", [True, False])
def test_an_invented_name_is_refused(party: RelyingParty, is_well_formed: bool) -> None:
    handles = party.installation.services.handles
    value = handles.issue(Kind.PUSHED_REQUEST).value if is_well_formed else "A" * 54
    answer = visit(party, Browser(party.installation), pushed_requests.PREFIX + value)
    assert (answer.status, party.installation.why(answer)) == (400, "pushed_request_unknown")


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"request_uri": "urn:x"}, "invalid_request"),
        ({"redirect_uri": "https://evil.example/"}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"scope": "unheard"}, "invalid_scope"),
        ({"client_id": "other"}, "invalid_request"),
        ({"dpop_jkt": "short"}, "invalid_request"),
        ({"state": ["one", "two"]}, "invalid_request"),
    ],
)
def test_what_the_authorization_endpoint_would_refuse_is_refused_at_once(
    party: RelyingParty, parameters: dict[str, Any], error: str
) -> None:
    answer = push(party, **parameters)
    assert (answer.status, answer.json["error"]) == (400, error)


def test_strangers_push_nothing(server: Installation) -> None:
    answer = server.post("/oauth2/par", {"client_id": "pusher", "response_type": "code"})
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")


def test_other_methods_are_refused(party: RelyingParty) -> None:
    """fapi2-security-profile-final-par-attempt-invalid-http-method"""
    assert party.installation.request("PUT", "/oauth2/par").status == 405


def test_a_client_that_must_push_is_refused_without(server: Installation, party: RelyingParty) -> None:
    server.registration.update("pusher", {"extensions": Extensions(require_pushed_authorization_requests=True)})
    server.services.clients.forget()
    answer = party.request(Browser(server))
    assert (party.response(answer)["error"], server.why(answer)) == ("invalid_request", "push_required")


def test_a_signed_request_may_be_pushed(server: Installation, party: RelyingParty) -> None:
    key = ClientKey()
    server.registration.update("pusher", {"jwks": key.jwks})
    server.services.clients.forget()
    inner = {"response_type": "code", "redirect_uri": REDIRECT_URI, "scope": "openid", "state": "signed"}
    proof = {"code_challenge": party.challenge, "code_challenge_method": "S256"}
    request = key.request_object("pusher", server.settings.issuer, **inner, **proof)
    name = push(party, request=request, state="outside").json["request_uri"]
    browser = Browser(server)
    assert party.response(browser.sign_in(visit(party, browser, name), "erin"))["state"] == "signed"


def test_a_client_that_must_sign_has_signed_what_it_pushed(server: Installation, party: RelyingParty) -> None:
    key = ClientKey()
    server.registration.update("pusher", {"jwks": key.jwks, "policy": {"signed_requests": True, "consent": "skip"}})
    server.services.clients.forget()
    assert push(party).json["error"] == "invalid_request"
    inner = {"response_type": "code", "redirect_uri": REDIRECT_URI, "scope": "openid"}
    values = inner | {"code_challenge": party.challenge, "code_challenge_method": "S256"}
    name = push(party, request=key.request_object("pusher", server.settings.issuer, **values)).json["request_uri"]
    browser = Browser(server)
    assert "code" in party.response(browser.sign_in(visit(party, browser, name), "erin"))


def test_a_redirect_uri_that_went_meanwhile_gets_no_answer(server: Installation, party: RelyingParty) -> None:
    name, other = push(party).json["request_uri"], "https://app.example/other"
    server.registration.update("pusher", {"redirect_uris": (other,)})
    server.services.clients.forget()
    url = f"/oauth2/authorize?client_id=pusher&request_uri={name}&redirect_uri={other}"
    answer = Browser(server).open(url)
    assert (answer.status, server.why(answer)) == (400, "redirect_uri_not_registered")


def test_a_request_is_pushed_as_a_form(party: RelyingParty) -> None:
    credentials = base64.b64encode(f"{party.client_id}:{party.secret}".encode()).decode()
    headers = {"Authorization": f"Basic {credentials}", "Content-Type": "application/json"}
    answer = party.installation.request("POST", "/oauth2/par", body=b"{}", headers=headers)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


def proof(party: RelyingParty, key: DPoPKey) -> str:
    return key.proof("POST", f"{party.installation.settings.issuer}/oauth2/par")


def bound_key(party: RelyingParty, answer: Answer) -> Any:
    """What the code is bound to that a pushed request leads to."""
    assert answer.status == 201, answer.text
    browser = Browser(party.installation)
    code = party.response(browser.sign_in(visit(party, browser, answer.json["request_uri"]), "erin"))["code"]
    digest = party.installation.services.handles.digest(Kind.CODE, code)
    with party.installation.reading() as unit:
        return unit.codes.presented(digest).row.cnf


def test_the_code_is_bound_to_the_key_that_was_named(party: RelyingParty) -> None:
    assert bound_key(party, push(party, dpop_jkt="A" * 43)) == {"jkt": "A" * 43}


def test_the_code_is_bound_to_the_key_of_the_proof(party: RelyingParty) -> None:
    key = DPoPKey.of("ES256")
    assert bound_key(party, push(party, proof=proof(party, key))) == {"jkt": key.jkt}
    assert bound_key(party, push(party, proof=proof(party, key), dpop_jkt=key.jkt)) == {"jkt": key.jkt}


def test_two_keys_are_refused(party: RelyingParty) -> None:
    answer = push(party, proof=proof(party, DPoPKey.of("ES256")), dpop_jkt="A" * 43)
    assert (answer.status, answer.json["error"]) == (400, "invalid_dpop_proof")


def test_a_proof_that_is_not_good_is_refused(party: RelyingParty) -> None:
    key = DPoPKey.of("ES256")
    wrong = key.proof("POST", f"{party.installation.settings.issuer}/oauth2/token")
    assert push(party, proof=wrong).json["error"] == "invalid_dpop_proof"


UNPROVEN = {"code_challenge": None, "code_challenge_method": None}


def lenient(server: Installation, pkce: str) -> RelyingParty:
    server.add_user("erin")
    return RelyingParty(server, *server.add_client("pusher", profile="oidc", policy={"pkce": pkce}))


def test_a_challenge_may_be_required_of_pushed_requests_alone(server: Installation) -> None:
    """FAPI 1.0 Advanced §5.2.2-18"""
    party = lenient(server, "pushed")
    refused = push(party, **UNPROVEN)
    assert (refused.status, server.why(refused)) == (400, "pkce_required")
    assert party.request(Browser(server), **UNPROVEN).status == 200


def test_a_request_that_was_pushed_before_the_challenge_was_required_is_refused(server: Installation) -> None:
    party = lenient(server, "public")
    name = push(party, **UNPROVEN).json["request_uri"]
    server.registration.update("pusher", {"policy": {"pkce": "pushed"}})
    server.services.clients.forget()
    browser = Browser(server)
    answer = browser.open(f"/oauth2/authorize?client_id=pusher&request_uri={name}", follow=False)
    assert server.why(answer) == "pkce_required"
