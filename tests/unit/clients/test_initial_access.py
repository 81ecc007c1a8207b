"""Tokens that let somebody register clients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from authserver.clients.initial_access import LONGEST_LIFE, LONGEST_NOTE, MOST_USES, InitialAccessTokens
from authserver.crypto.handles import Kind
from authserver.protocol.errors import NotFound, ValidationError
from tests.installation import Installation
from tests.outbox import recorded
from tests.registrant import Registrant, initial_access_tokens


@pytest.fixture
def server(make_server: Callable[..., Installation]) -> Installation:
    return make_server(registration="token")


@pytest.fixture
def tokens(server: Installation) -> InitialAccessTokens:
    return initial_access_tokens(server)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("profile", "unheard-of"),
        ("uses", 0),
        ("uses", MOST_USES + 1),
        ("lifetime", 0),
        ("lifetime", LONGEST_LIFE + 1),
        ("note", "x" * (LONGEST_NOTE + 1)),
        ("note", "two\nlines"),
    ],
)
def test_token_out_of_bounds_is_not_made(
    server: Installation, tokens: InitialAccessTokens, field: str, value: Any
) -> None:
    with pytest.raises(ValidationError) as refusal:
        tokens.create(**{"profile": "default", field: value})
    assert refusal.value.field == field
    assert recorded(server, "InitialAccessTokenCreated") == []


def test_token_at_its_bounds_is_made(tokens: InitialAccessTokens) -> None:
    assert tokens.create("default", uses=MOST_USES, lifetime=LONGEST_LIFE, note="x" * LONGEST_NOTE).value


def test_what_is_made_and_ended_is_recorded_and_ends_once(server: Installation, tokens: InitialAccessTokens) -> None:
    made = tokens.create("oidc").token
    tokens.revoke(made.id)
    with pytest.raises(NotFound):
        tokens.revoke(made.id)
    assert [event["profile"] for event in recorded(server, "InitialAccessTokenCreated")] == ["oidc"]
    assert [event["token_id"] for event in recorded(server, "InitialAccessTokenRevoked")] == [made.id]


def test_token_without_a_number_of_uses_registers_as_many_as_want(
    server: Installation, tokens: InitialAccessTokens
) -> None:
    value = tokens.create("default", uses=None).value
    assert [Registrant(server).ask(initial_token=value).status for _ in range(3)] == [201, 201, 201]


def test_token_that_was_never_issued_here_is_refused(server: Installation) -> None:
    stranger = server.services.crypto.handles.issue(Kind.INITIAL_ACCESS)
    answer = Registrant(server).ask(initial_token=stranger.value)
    assert (answer.status, server.why(answer)) == (401, "initial_token_invalid")
