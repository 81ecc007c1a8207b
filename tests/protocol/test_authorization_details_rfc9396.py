"""Rich authorization requests (RFC 9396)."""

from __future__ import annotations

import json
from collections.abc import Callable
from html import escape
from typing import Any

import pytest

from authserver.access.authorization_types import TypeMetadata
from authserver.protocol.errors import ConflictError, NotFound, ValidationError
from tests.installation import Answer, Installation
from tests.registrant import Registrant
from tests.relying_party import Browser, RelyingParty, claims_of
from tests.rich_requests import OF_PAYMENTS, OTHER, PAYMENT, SAID, install_types, types


@pytest.fixture
def party(server: Installation) -> RelyingParty:
    server.add_user()
    install_types(server)
    grants = ("authorization_code", "refresh_token", "client_credentials")
    return RelyingParty(server, *server.add_client(extensions=OF_PAYMENTS, grant_types=grants))


def asked(party: RelyingParty, *details: Any, **parameters: Any) -> tuple[Browser, Answer]:
    browser = Browser(party.installation)
    page = party.request(browser, authorization_details=json.dumps(details), **parameters)
    return browser, browser.sign_in(page) if browser.path == "/login" else page


def granted(party: RelyingParty, *details: Any, **values: Any) -> Answer:
    browser, page = asked(party, *details, scope="openid offline_access")
    return party.redeem(party.response(browser.allow(page))["code"], **values)


def test_what_is_asked_for_is_shown_in_words(party: RelyingParty) -> None:
    _, page = asked(party, PAYMENT)
    assert escape(SAID) in page.text
    assert "rent, May" in page.text


def test_what_was_allowed_is_in_the_answer_the_token_and_its_introspection(party: RelyingParty) -> None:
    answer = granted(party, PAYMENT).json
    assert answer["authorization_details"] == [PAYMENT]
    assert claims_of(answer["access_token"])["authorization_details"] == [PAYMENT]
    assert party.introspect(answer["access_token"])["authorization_details"] == [PAYMENT]


def test_a_request_may_have_details_alone(party: RelyingParty) -> None:
    browser, page = asked(party, PAYMENT, scope=None)
    answer = party.redeem(party.response(browser.allow(page))["code"])
    assert (answer.json["authorization_details"], answer.json["scope"]) == ([PAYMENT], "")


def test_each_request_is_asked_about(party: RelyingParty) -> None:
    browser, page = asked(party, PAYMENT)
    browser.allow(page, remember=True)
    again = party.request(browser, authorization_details=json.dumps([PAYMENT]), prompt="none")
    assert party.response(again)["error"] == "consent_required"


@pytest.mark.parametrize("step", ["code", "refresh"])
def test_a_token_request_may_ask_for_less(party: RelyingParty, step: str) -> None:
    less = {"authorization_details": json.dumps([OTHER])}
    answer = granted(party, PAYMENT, OTHER, **(less if step == "code" else {}))
    if step == "refresh":
        answer = party.refresh(answer.json["refresh_token"], **less)
    assert answer.json["authorization_details"] == [OTHER]


@pytest.mark.parametrize("more", [[OTHER], [PAYMENT, OTHER], [PAYMENT, PAYMENT], [PAYMENT | {"note": []}]])
def test_a_token_request_may_not_ask_for_more(party: RelyingParty, more: list[Any]) -> None:
    answer = granted(party, PAYMENT, authorization_details=json.dumps(more))
    assert (answer.status, answer.json["error"]) == (400, "invalid_authorization_details")
    assert party.installation.why(answer) == "details_not_granted"


def test_an_object_comes_as_it_was_granted(party: RelyingParty) -> None:
    once, same = PAYMENT | {"note": [1]}, PAYMENT | {"note": [True]}
    answer = granted(party, once, authorization_details=json.dumps([same]))
    assert json.dumps(answer.json["authorization_details"]) == json.dumps([once])


def test_one_object_that_is_not_allowed_is_one_too_many(party: RelyingParty) -> None:
    _, answer = asked(party, PAYMENT, {"type": "other"})
    assert party.installation.why(answer) == "details_type_not_allowed"


def test_as_many_objects_are_taken_as_the_limit_says(party: RelyingParty) -> None:
    assert len(granted(party, *[PAYMENT] * 20).json["authorization_details"]) == 20


def test_a_refused_token_request_uses_nothing_up(party: RelyingParty) -> None:
    browser, page = asked(party, PAYMENT)
    code = party.response(browser.allow(page))["code"]
    assert party.redeem(code, authorization_details=json.dumps([OTHER])).status == 400
    assert party.redeem(code).status == 200


def test_a_client_may_ask_for_itself(party: RelyingParty) -> None:
    form = {"grant_type": "client_credentials", "authorization_details": json.dumps([PAYMENT])}
    assert party.token_request(**form).json["authorization_details"] == [PAYMENT]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "details_malformed"),
        ("{}", "details_malformed"),
        ("[]", "details_malformed"),
        (r'[{"type": "payment", "to": "a\u0000b"}]', "details_malformed"),
        ("5", "details_malformed"),
        ('["payment"]', "details_malformed"),
        (json.dumps([PAYMENT, "payment"]), "details_malformed"),
        (json.dumps([PAYMENT] * 21), "details_malformed"),
        (json.dumps([PAYMENT | {"to": "a\0b"}]), "details_malformed"),
        (json.dumps([PAYMENT | {"a\0b": 1}]), "details_malformed"),
        ('[{"a":' + "[" * 31 + "]" * 31 + "}]", "details_malformed"),
        ('[{"a":' + "[" * 300 + "]" * 300 + "}]", "details_malformed"),
        ('[{"type": "unheard"}]', "details_type_unknown"),
        ('[{"amount": 1}]', "details_type_unknown"),
        ('[{"type": ["payment"]}]', "details_type_unknown"),
        ('[{"type": "other"}]', "details_type_not_allowed"),
        (json.dumps([PAYMENT | {"more": 1}]), "details_against_schema"),
        (json.dumps([PAYMENT | {"amount": {"value": "1"}}]), "details_against_schema"),
    ],
)
def test_what_is_not_allowed_is_refused(party: RelyingParty, text: str, reason: str) -> None:
    answer = party.request(Browser(party.installation), authorization_details=text)
    assert party.response(answer)["error"] == "invalid_authorization_details"
    assert party.installation.why(answer) == reason


def test_the_types_are_published(party: RelyingParty) -> None:
    found = party.installation.get("/.well-known/oauth-authorization-server").json
    assert found["authorization_details_types_supported"] == ["other", "payment"]


@pytest.mark.parametrize(
    ("type_", "wanted", "field"),
    [
        ("a b", TypeMetadata("N", "", {}), "type"),
        ("t", TypeMetadata(" ", "", {}), "name"),
        ("t", TypeMetadata("N", "x" * 501, {}), "words"),
        ("t", TypeMetadata("N", "", {"type": "wrong"}), "schema"),
        ("t", TypeMetadata("N", "", {"x": "y" * 40_000}), "schema"),
        ("t", TypeMetadata("N", "", {"allOf": [{"$ref": "https://evil.example/s"}]}), "schema"),
    ],
)
def test_a_type_that_cannot_be_accepted_is_refused(
    server: Installation, type_: str, wanted: TypeMetadata, field: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        types(server).create(type_, wanted)
    assert refused.value.field == field


def test_a_type_is_registered_once_and_removed_once(server: Installation) -> None:
    types(server).create("t", TypeMetadata("N", "", {}))
    with pytest.raises(ConflictError):
        types(server).create("t", TypeMetadata("N", "", {}))
    types(server).delete("t")
    with pytest.raises(NotFound):
        types(server).delete("t")


def test_a_client_registers_types_that_are_known(make_server: Callable[..., Installation]) -> None:
    registrant = Registrant(make_server(registration="open"))
    install_types(registrant.installation)
    told = registrant.register(authorization_details_types=["payment"])
    assert told["authorization_details_types"] == ["payment"]
    refused = registrant.ask(authorization_details_types=["payment", "unheard"])
    assert (refused.status, refused.json["error"]) == (400, "invalid_client_metadata")
    assert "takes other, payment here, not 'unheard'" in refused.json["error_description"]
