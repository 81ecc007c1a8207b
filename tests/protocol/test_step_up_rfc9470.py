"""A resource may demand a stronger or a more recent authentication (RFC 9470)."""

from __future__ import annotations

import re
from typing import Any

import pytest
import time_machine

from authserver.endpoints import bearer
from authserver.issuing.reading import ReadToken
from authserver.protocol.errors import InsufficientUserAuthentication
from authserver.protocol.messages import Request, json_response
from tests.conftest import NOON
from tests.installation import Installation
from tests.relying_party import RelyingParty

MOMENT = int(NOON.timestamp())


def token(**claims: Any) -> ReadToken:
    return ReadToken("access_token", claims, "app", None, None)


@pytest.mark.parametrize(
    ("claims", "acr", "max_age"),
    [
        ({}, "", None),
        ({"acr": "1"}, "1", None),
        ({"acr": "phr"}, "2", None),
        ({"acr": "phrh"}, "phr", None),
        ({"auth_time": MOMENT - 60}, "", 60),
        ({"auth_time": MOMENT, "acr": "2"}, "2", 0),
    ],
)
def test_who_authenticated_well_enough_may_pass(
    frozen_time: time_machine.Traveller, claims: dict[str, Any], acr: str, max_age: int | None
) -> None:
    given = token(**claims)
    assert bearer.require_authentication(given, acr=acr, max_age=max_age) is given


@pytest.mark.parametrize(
    ("claims", "acr", "max_age", "demands"),
    [
        ({}, "1", None, (("acr_values", "1"),)),
        ({"acr": "1"}, "2", None, (("acr_values", "2"),)),
        ({"acr": "2"}, "phr", None, (("acr_values", "phr"),)),
        ({"acr": "unknown"}, "1", None, (("acr_values", "1"),)),
        ({"auth_time": MOMENT - 61}, "", 60, (("max_age", "60"),)),
        ({}, "", 60, (("max_age", "60"),)),
    ],
)
def test_others_hear_what_is_demanded(
    frozen_time: time_machine.Traveller, claims: dict[str, Any], acr: str, max_age: int | None, demands: Any
) -> None:
    with pytest.raises(InsufficientUserAuthentication) as refused:
        bearer.require_authentication(token(**claims), acr=acr, max_age=max_age)
    assert refused.value.demands == demands


def test_the_challenge_names_the_level(relying_party: RelyingParty) -> None:
    server = relying_party.installation
    access_token = relying_party.tokens()["access_token"]
    assert relying_party.userinfo(access_token).status == 200
    server.registration.update("app", {"policy": {"required_acr": "2"}})
    server.services.clients.forget()
    answer = relying_party.userinfo(access_token)
    challenge = answer.header("WWW-Authenticate") or ""
    assert (answer.status, answer.json["error"]) == (401, "insufficient_user_authentication")
    assert 'error="insufficient_user_authentication"' in challenge
    assert 'acr_values="2"' in challenge
    assert server.why(answer) == "acr_too_low"


def guarded(server: Installation, access_token: str, **demanded: Any) -> Any:
    """The answer of a resource of its own that demands something."""
    issuer = server.settings.issuer
    guard = bearer.Guard(server.services, "test", audience=issuer, scope="openid", **demanded)
    handle = guard.around(lambda _request, _token: json_response({"in": True}))
    return handle(Request("GET", "/test", headers={"authorization": f"Bearer {access_token}"}))


def test_the_challenge_names_the_age(frozen_time: time_machine.Traveller, relying_party: RelyingParty) -> None:
    server, access_token = relying_party.installation, relying_party.tokens()["access_token"]
    frozen_time.shift(61)
    assert guarded(server, access_token, max_age=120).status == 200
    answer = guarded(server, access_token, max_age=60)
    assert answer.status == 401
    assert re.search(r'error="insufficient_user_authentication".*max_age="60"', answer.header("WWW-Authenticate"))


def test_a_login_that_is_asked_for_satisfies_the_challenge(
    frozen_time: time_machine.Traveller, relying_party: RelyingParty
) -> None:
    from tests.relying_party import Browser

    server, browser = relying_party.installation, Browser(relying_party.installation)
    relying_party.tokens(browser)
    frozen_time.shift(61)
    stale = relying_party.tokens(browser)["access_token"]
    assert guarded(server, stale, max_age=60).status == 401
    fresh = relying_party.tokens(browser, max_age=60)["access_token"]
    assert guarded(server, fresh, max_age=60).status == 200


def test_introspection_tells_how_and_when_the_person_authenticated(relying_party: RelyingParty) -> None:
    shown = relying_party.introspect(relying_party.tokens()["access_token"])
    assert shown["acr"] == "1"
    assert isinstance(shown["auth_time"], int)
