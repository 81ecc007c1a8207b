"""Properties of refresh tokens, by their numbers, through the token endpoint of a whole server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from authserver.protocol import validity
from authserver.storage.models.grants import Grant
from tests.conftest import NOON, _settings
from tests.installation import Installation, install
from tests.relying_party import RelyingParty, claims_of

SCOPES = ("openid", "offline_access", "profile", "email", "address", "phone")
IDLE, LONGEST = 7 * 86400, 90 * 86400

scope_sets = st.sets(st.sampled_from(SCOPES[2:])).map(lambda some: frozenset(some) | {"openid", "offline_access"})
hundred = settings(max_examples=100, deadline=None)


@pytest.fixture(scope="module")
def party(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RelyingParty]:
    """A client to which rows A-04 and A-05 apply to the letter, on a server that all examples share."""
    with time_machine.travel(NOON, tick=False):
        server = install(_settings(tmp_path_factory.mktemp("refresh")), ("RS256",))
        server.add_user()
        client = server.add_client(policy={"refresh_grace": 0}, scopes=frozenset(SCOPES))
    yield RelyingParty(server, *client)
    server.services.close()


def granted(party: RelyingParty, scopes: frozenset[str] = frozenset(SCOPES)) -> str:
    """The first refresh token of a new offline grant."""
    server: Installation = party.installation
    client = server.services.clients.find(party.client_id)
    with server.unit() as unit:
        grant = unit.grants.add(
            Grant(
                client_id=client.id,
                user_id=server.users["alice"].id,
                offline=True,
                scope=" ".join(sorted(scopes)),
                auth_time=validity.now(),
            )
        )
        refresh_tokens = server.services.token_server.services.refresh_tokens
        return str(refresh_tokens.first(unit, grant, client, scope=grant.scope))


@given(scopes=scope_sets)
@hundred
def test_property_24_a_valid_refresh_generates_an_access_token(party: RelyingParty, scopes: frozenset[str]) -> None:
    with time_machine.travel(NOON, tick=False):
        answer = party.refresh(granted(party, scopes))
        assert answer.status == 200
        assert frozenset(answer.json["scope"].split()) == scopes
        assert party.introspect(answer.json["access_token"])["active"] is True
        assert claims_of(answer.json["access_token"])["sub"] == party.installation.users["alice"].id


NO_NUL = st.characters(exclude_characters="\0")
"""A NUL makes the whole request malformed before any parameter is looked at."""


@given(value=st.text(NO_NUL, min_size=1, max_size=200), position=st.integers(0, 53), spoiled=st.booleans())
@hundred
def test_property_25_an_invalid_refresh_token_is_refused(
    party: RelyingParty, value: str, position: int, spoiled: bool
) -> None:
    with time_machine.travel(NOON, tick=False):
        if spoiled:
            good = granted(party)
            value = good[:position] + ("A" if good[position] != "A" else "B") + good[position + 1 :]
        answer = party.refresh(value.encode("utf-8", "replace").decode())
        assert (answer.status, answer.json["error"]) == (400, "invalid_grant")
        assert "access_token" not in answer.json


@given(late=st.integers(0, 400 * 86400), early=st.integers(1, IDLE - 1))
@hundred
def test_property_27_a_refresh_token_is_refused_from_its_expiry_on(party: RelyingParty, late: int, early: int) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        first, second = granted(party), granted(party)
        clock.shift(early)
        assert party.refresh(first).status == 200
        clock.shift(IDLE - early + late)
        answer = party.refresh(second)
        assert (answer.status, answer.json["error"]) == (400, "invalid_grant")


@given(times=st.integers(1, 4))
@hundred
def test_property_28_a_refresh_rotates_the_token(party: RelyingParty, times: int) -> None:
    with time_machine.travel(NOON, tick=False):
        seen = [granted(party)]
        for _ in range(times):
            seen.append(party.refresh(seen[-1]).json["refresh_token"])
        assert len(set(seen)) == times + 1
        assert [party.introspect(token)["active"] for token in seen] == [False] * times + [True]


@given(times=st.integers(1, 4), which=st.integers(0, 3))
@hundred
def test_property_29_reuse_revokes_the_whole_family(party: RelyingParty, times: int, which: int) -> None:
    with time_machine.travel(NOON, tick=False):
        tokens, access = [granted(party)], []
        for _ in range(times):
            answer = party.refresh(tokens[-1]).json
            tokens.append(answer["refresh_token"])
            access.append(answer["access_token"])
        assert party.refresh(tokens[which % times]).json["error"] == "invalid_grant"
        assert not any(party.introspect(token)["active"] for token in (*tokens, *access))
        assert party.refresh(tokens[-1]).json["error"] == "invalid_grant"
