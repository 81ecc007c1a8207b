"""The frame of the token endpoint."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from authserver.grants.client_credentials import ClientCredentials
from authserver.grants.phases import Phases
from authserver.grants.turn import Turn
from authserver.issuing.authorization import Authorization
from authserver.protocol.errors import InvalidGrant, InvalidRequest
from authserver.protocol.messages import Parameters, Request
from authserver.storage.models.grants import Grant
from tests.installation import Installation


def turn(*pairs: tuple[str, str]) -> Turn:
    return Turn(Request("POST", "/oauth2/token"), Parameters(pairs), cast("Any", SimpleNamespace(id="app")))


def test_a_missing_parameter_is_named() -> None:
    assert turn(("code", "x")).required("code") == "x"
    with pytest.raises(InvalidRequest, match="redirect_uri_missing"):
        turn(("redirect_uri", "")).required("redirect_uri")


def test_grant_types_are_those_that_the_frame_finds(server: Installation) -> None:
    frame = server.services.token_server
    before = frame.grant_types
    assert before[:3] == ("authorization_code", "refresh_token", "client_credentials")
    frame._token_grants[:] = [row for row in frame._token_grants if row[0] is not ClientCredentials]
    assert frame.grant_types == (*before[:2], *before[3:])


def test_a_grant_that_forgets_a_phase_fails_loudly() -> None:
    forgetful = Phases()
    for phase in (forgetful.validate_token_request, forgetful.assess, lambda: forgetful.redeem(cast("Any", None))):
        with pytest.raises(AssertionError):
            phase()


def test_an_opaque_token_needs_a_transaction(server: Installation) -> None:
    server.add_client(policy={"access_token_format": "opaque"})
    client = server.services.clients.find("app")
    wanted = Authorization("client_credentials", client, frozenset(), (server.settings.issuer,))
    with pytest.raises(AssertionError, match="transaction"):
        server.services.token_server._mint.prepare(None, wanted)


def test_a_person_deleted_a_moment_ago_gets_nothing(server: Installation) -> None:
    server.add_client()
    grant = Grant(id="grant", client_id="app", user_id="gone", amr=[])
    with server.unit() as unit, pytest.raises(InvalidGrant, match="user_deleted"):
        server.services.token_server.services.subjects.authorization(
            unit,
            grant,
            None,
            server.services.clients.find("app"),
            grant_type="refresh_token",
            granted=frozenset(),
            scopes=frozenset(),
            audience=(),
            nonce=None,
            refresh_token=None,
            in_session=False,
        )
