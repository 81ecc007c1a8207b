"""The `claims` request parameter (OIDC Core §5.5)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.installation import Answer, Installation
from tests.relying_party import Browser, RelyingParty, inputs


def requested(userinfo: dict[str, Any] | None = None, id_token: dict[str, Any] | None = None) -> str:
    return json.dumps({"userinfo": userinfo or {}, "id_token": id_token or {}})


def signed_in(party: RelyingParty, browser: Browser, **parameters: Any) -> Answer:
    page = party.request(browser, **parameters)
    return browser.sign_in(page) if browser.path == "/login" else page


def claims_of_grant(server: Installation, party: RelyingParty, code: str) -> Any:
    from authserver.crypto.handles import Kind

    digest = server.services.handles.digest(Kind.CODE, code)
    with server.reading() as unit:
        return unit.codes.presented(digest).grant.claims


def test_single_claims_are_asked_for_on_the_consent_page(relying_party: RelyingParty) -> None:
    page = signed_in(relying_party, Browser(relying_party.installation), claims=requested({"nickname": None}))
    assert "Your nickname" in page.text
    assert [field["value"] for field in inputs(page) if field.get("name") == "claim"] == ["nickname"]


def test_what_a_scope_releases_anyway_is_not_asked_for_twice(relying_party: RelyingParty) -> None:
    parameters = {"scope": "openid profile", "claims": requested({"nickname": None})}
    page = signed_in(relying_party, Browser(relying_party.installation), **parameters)
    assert not [field for field in inputs(page) if field.get("name") == "claim"]


def test_the_grant_remembers_what_was_allowed(server: Installation, relying_party: RelyingParty) -> None:
    """oidcc-claims-essential"""
    browser = Browser(server)
    page = signed_in(
        relying_party, browser, claims=requested({"name": {"essential": True}, "shoe_size": None}, {"nickname": None})
    )
    answer = browser.submit(page, action="allow", claim=["name", "nickname"])
    kept = claims_of_grant(server, relying_party, relying_party.response(answer)["code"])
    assert kept == {"userinfo": {"name": {"essential": True}}, "id_token": {"nickname": None}}


def test_what_the_person_takes_out_is_not_granted(server: Installation, relying_party: RelyingParty) -> None:
    browser = Browser(server)
    page = signed_in(relying_party, browser, claims=requested({"name": None, "nickname": None}))
    answer = browser.submit(page, action="allow", claim=["nickname"])
    kept = claims_of_grant(server, relying_party, relying_party.response(answer)["code"])
    assert kept == {"userinfo": {"nickname": None}}


def test_remembered_claims_are_not_asked_for_again(relying_party: RelyingParty) -> None:
    browser = Browser(relying_party.installation)
    page = signed_in(relying_party, browser, claims=requested({"nickname": None}))
    browser.submit(page, action="allow", claim=["nickname"], remember="yes")
    again = relying_party.request(browser, claims=requested({"nickname": None}), prompt="none")
    assert "code" in relying_party.response(again)
    more = relying_party.request(browser, claims=requested({"birthdate": None}), prompt="none")
    assert relying_party.response(more)["error"] == "consent_required"


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{",
        '{"userinfo": []}',
        '{"userinfo": {"name": "x"}}',
        '{"id_token": []}',
        '{"id_token": {"acr": {"essential": "yes"}}}',
        '{"id_token": {"acr": {"values": "1"}}}',
        r'{"userinfo": {"name": {"value": "a\u0000b"}}}',
        '{"userinfo": {"name": {"value": ' + "[" * 30 + "]" * 30 + "}}}",
        '{"userinfo": {"name": {"value": ' + "[" * 300 + "]" * 300 + "}}}",
    ],
)
def test_a_malformed_parameter_is_refused(relying_party: RelyingParty, text: str) -> None:
    answer = relying_party.request(Browser(relying_party.installation), claims=text)
    assert relying_party.response(answer)["error"] == "invalid_request"
    assert relying_party.installation.why(answer) == "claims_malformed"


def test_too_many_claims_are_refused_with_the_limit(relying_party: RelyingParty) -> None:
    names = [f"claim{number}" for number in range(101)]
    browser = Browser(relying_party.installation)
    most = requested(dict.fromkeys(names[:50]), dict.fromkeys(names[50:100]))
    assert relying_party.request(browser, claims=most).status == 200
    for many in (requested(dict.fromkeys(names)), requested(dict.fromkeys(names[:50]), dict.fromkeys(names[50:]))):
        answer = relying_party.request(browser, claims=many)
        assert "100 claims" in relying_party.response(answer)["error_description"]


def test_a_place_may_be_null_and_what_is_not_known_is_passed_over(relying_party: RelyingParty) -> None:
    claims = json.dumps({"userinfo": None, "elsewhere": 1, "id_token": {"name": {"unheard": 1, "values": []}}})
    assert relying_party.request(Browser(relying_party.installation), claims=claims).status == 200


def test_an_essential_acr_must_be_reached(relying_party: RelyingParty) -> None:
    browser = Browser(relying_party.installation)
    acr = {"acr": {"essential": True, "values": ["phr", "2"]}}
    answer = browser.allow(signed_in(relying_party, browser, claims=requested(id_token=acr)))
    assert relying_party.response(answer)["error"] == "unmet_authentication_requirements"


@pytest.mark.parametrize(
    "acr", [{"essential": True, "value": "1"}, {"essential": True, "values": ["2", "1"]}, {"values": ["phr"]}, None]
)
def test_a_reached_or_voluntary_acr_is_answered(relying_party: RelyingParty, acr: dict[str, Any] | None) -> None:
    browser = Browser(relying_party.installation)
    answer = browser.allow(signed_in(relying_party, browser, claims=requested(id_token={"acr": acr})))
    assert relying_party.id_claims(answer)["acr"] == "1"


def test_an_essential_acr_that_nobody_knows_is_not_reached(relying_party: RelyingParty) -> None:
    browser = Browser(relying_party.installation)
    acr = {"acr": {"essential": True, "value": "urn:example:gold"}}
    answer = browser.allow(signed_in(relying_party, browser, claims=requested(id_token=acr)))
    assert relying_party.installation.why(answer) == "essential_acr_not_reached"


@pytest.mark.parametrize("place", ["id_token", "userinfo"])
def test_a_subject_names_the_one_person_who_may_be_answered(
    server: Installation, relying_party: RelyingParty, place: str
) -> None:
    bob = server.add_user("bob")
    subject = requested(**{place: {"sub": {"value": bob.id}}})
    browser = Browser(server)
    answer = signed_in(relying_party, browser, claims=subject)
    assert relying_party.response(answer)["error"] == "login_required"


def test_two_subjects_are_refused(server: Installation, relying_party: RelyingParty) -> None:
    tokens = relying_party.tokens()
    claims = requested(id_token={"sub": {"value": "somebody"}})
    answer = relying_party.request(Browser(server), claims=claims, id_token_hint=tokens["id_token"])
    assert relying_party.response(answer)["error"] == "invalid_request"
    assert server.why(answer) == "claims_other_subject"


@pytest.mark.parametrize("is_named", [True, False])
def test_a_hint_and_claims_may_agree(server: Installation, relying_party: RelyingParty, is_named: bool) -> None:
    browser = Browser(server)
    hint = relying_party.tokens(browser)["id_token"]
    asked = {"sub": {"value": server.users["alice"].id} if is_named else None}
    answer = relying_party.request(browser, claims=requested(id_token=asked), id_token_hint=hint)
    assert "code" in relying_party.response(browser.allow(answer) if answer.status == 200 else answer)


@pytest.mark.parametrize("claims", [requested({"nickname": None}), "{"])
def test_claims_mean_nothing_without_openid(server: Installation, relying_party: RelyingParty, claims: str) -> None:
    page = signed_in(relying_party, Browser(server), scope="email", claims=claims)
    assert page.status == 200
    assert not [field for field in inputs(page) if field.get("name") == "claim"]
