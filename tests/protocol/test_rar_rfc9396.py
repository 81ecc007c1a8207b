"""Rich authorization requests (RFC 9396) of devices and of clients in the background; without a plan of the suite."""

from __future__ import annotations

import json
from dataclasses import replace
from html import escape
from typing import Any

import pytest

from tests import ciba, device
from tests.ciba import Background, approvals, install_background
from tests.device import Device, enter, install_device
from tests.installation import Answer, Installation
from tests.relying_party import Browser, RelyingParty, claims_of
from tests.rich_requests import OF_PAYMENTS, OTHER, PAYMENT, SAID, install_types, types

Asker = Device | Background
BOTH = json.dumps([PAYMENT, OTHER])
REFUSED = [
    ("{", "details_malformed"),
    ("[]", "details_malformed"),
    (json.dumps([PAYMENT] * 21), "details_malformed"),
    ('[{"type": "unheard"}]', "details_type_unknown"),
    ('[{"type": "other"}]', "details_type_not_allowed"),
    (json.dumps([PAYMENT | {"more": 1}]), "details_against_schema"),
]


@pytest.fixture(params=["device", "background"])
def asker(server: Installation, request: pytest.FixtureRequest) -> Asker:
    """A client of either grant that may ask for payments."""
    server.add_user()
    install_types(server)
    if request.param == "device":
        return install_device(server, public=False, extensions=OF_PAYMENTS)
    return install_background(server, details=("payment",))


@pytest.fixture
def signer(server: Installation) -> Background:
    """A client that signs what it asks for in the background."""
    server.add_user()
    install_types(server)
    return install_background(server, signs=True, details=("payment",))


def page_of(asker: Asker) -> tuple[Browser, Answer]:
    """The page on which the person decides."""
    browser = Browser(asker.installation)
    return browser, enter(browser, asker.user_code) if isinstance(asker, Device) else approvals(browser)


def decided(asker: Asker, action: str = "allow") -> Answer:
    browser, page = page_of(asker)
    return (device.decide if isinstance(asker, Device) else ciba.answer)(browser, page, action)


def granted(asker: Asker, details: str = BOTH, **values: Any) -> Answer:
    """The answer to the first poll after the person allowed everything."""
    asker.start(scope="openid offline_access", authorization_details=details)
    decided(asker)
    return asker.poll(**values)


def withdraw(asker: Asker, what: str) -> None:
    server = asker.installation
    if what == "type":
        types(server).delete("payment")
        server.services.catalog.forget()
    else:
        registered = server.services.clients.find(asker.client_id).extensions
        fewer = {"extensions": replace(registered, authorization_details_types=())}
        server.registration.update(asker.client_id, fewer)
        server.services.clients.forget()


def test_what_is_asked_for_is_shown_in_words(asker: Asker) -> None:
    asker.start(authorization_details=json.dumps([PAYMENT]))
    _, page = page_of(asker)
    assert escape(SAID) in page.text
    assert "rent, May" in page.text


def test_what_was_allowed_is_in_the_answer_the_token_and_its_introspection(asker: Asker) -> None:
    answer = granted(asker).json
    assert answer["authorization_details"] == [PAYMENT, OTHER]
    assert claims_of(answer["access_token"])["authorization_details"] == [PAYMENT, OTHER]
    party = RelyingParty(asker.installation, asker.client_id, asker.secret)
    assert party.introspect(answer["access_token"])["authorization_details"] == [PAYMENT, OTHER]


@pytest.mark.parametrize("step", ["poll", "refresh"])
def test_a_token_request_may_ask_for_less(asker: Asker, step: str) -> None:
    less = {"authorization_details": json.dumps([OTHER])}
    answer = granted(asker, **(less if step == "poll" else {}))
    if step == "refresh":
        answer = asker.refresh(answer.json["refresh_token"], **less)
    assert answer.json["authorization_details"] == [OTHER]


def test_a_refresh_keeps_what_was_allowed(asker: Asker) -> None:
    answer = asker.refresh(granted(asker).json["refresh_token"])
    assert answer.json["authorization_details"] == [PAYMENT, OTHER]


def test_a_poll_that_asks_for_more_is_refused_and_uses_nothing_up(asker: Asker) -> None:
    answer = granted(asker, json.dumps([PAYMENT]), authorization_details=json.dumps([OTHER]))
    assert (answer.status, answer.json["error"]) == (400, "invalid_authorization_details")
    assert asker.poll().json["authorization_details"] == [PAYMENT]


@pytest.mark.parametrize(("text", "reason"), REFUSED)
def test_what_is_not_allowed_is_refused(asker: Asker, text: str, reason: str) -> None:
    answer = asker.ask(scope="openid", authorization_details=text)
    assert (answer.status, answer.json["error"]) == (400, "invalid_authorization_details")
    assert asker.installation.why(answer) == reason


@pytest.mark.parametrize("what", ["type", "client"])
def test_what_was_withdrawn_meanwhile_is_not_allowed(asker: Asker, what: str) -> None:
    asker.start(authorization_details=json.dumps([PAYMENT]))
    browser, page = page_of(asker)
    withdraw(asker, what)
    answer = (device.decide if isinstance(asker, Device) else ciba.answer)(browser, page, "allow")
    assert answer.status == 400
    assert asker.poll().json["error"] == "authorization_pending"


def test_what_was_withdrawn_meanwhile_can_still_be_refused(asker: Asker) -> None:
    asker.start(authorization_details=json.dumps([PAYMENT]))
    browser, page = page_of(asker)
    withdraw(asker, "type")
    (device.decide if isinstance(asker, Device) else ciba.answer)(browser, page, "deny")
    assert asker.poll().json["error"] == "access_denied"


def test_a_device_may_ask_for_details_alone(server: Installation) -> None:
    server.add_user()
    install_types(server)
    asker = install_device(server, public=False, extensions=OF_PAYMENTS)
    asker.start(None, authorization_details=json.dumps([PAYMENT]))
    _, page = page_of(asker)
    assert "What it asks for" not in page.text
    decided(asker)
    answer = asker.poll().json
    assert (answer["authorization_details"], answer["scope"]) == ([PAYMENT], "")


@pytest.mark.parametrize("given", [[PAYMENT], json.dumps([PAYMENT])])
def test_a_signed_request_holds_objects_or_their_text(signer: Background, given: object) -> None:
    answer = signer.send(request=signer.signed(authorization_details=given))
    assert answer.status == 200, answer.text
    signer.auth_req_id = answer.json["auth_req_id"]
    decided(signer)
    assert signer.poll().json["authorization_details"] == [PAYMENT]


@pytest.mark.parametrize(
    ("given", "error"),
    [([{"type": "other"}], "invalid_authorization_details"), (PAYMENT, "invalid_request"), (True, "invalid_request")],
)
def test_signed_details_are_checked_like_any_others(signer: Background, given: object, error: str) -> None:
    answer = signer.send(request=signer.signed(authorization_details=given))
    assert (answer.status, answer.json["error"]) == (400, error)


def test_nothing_is_asked_beside_a_signed_request(signer: Background) -> None:
    answer = signer.send(request=signer.signed(), authorization_details=BOTH)
    assert answer.json["error"] == "invalid_request"
