"""Properties of access tokens at our own endpoints, by their numbers; `test_tokens` has them for the bytes alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import NOON, _settings
from tests.installation import install
from tests.relying_party import RelyingParty

LIFETIME = 900


@pytest.fixture(scope="module")
def parties(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RelyingParty, RelyingParty]]:
    """Two clients for themselves: one with self-contained tokens, one with opaque ones."""
    with time_machine.travel(NOON, tick=False):
        server = install(_settings(tmp_path_factory.mktemp("access")), ("ES256",))
        found = [
            RelyingParty(
                server,
                *server.add_client(
                    form,
                    redirect_uris=(),
                    grant_types=("client_credentials",),
                    scopes=frozenset(),
                    policy={"access_token_format": form, "access_token_alg": "ES256"},
                ),
            )
            for form in ("jwt", "opaque")
        ]
    yield found[0], found[1]
    server.services.close()


@given(opaque=st.booleans(), early=st.integers(0, LIFETIME - 1), late=st.integers(0, 10**7))
@settings(max_examples=100, deadline=None)
def test_property_26_our_endpoints_refuse_an_access_token_from_its_expiry_on(
    parties: tuple[RelyingParty, RelyingParty], opaque: bool, early: int, late: int
) -> None:
    party = parties[opaque]
    with time_machine.travel(NOON, tick=False) as clock:
        token = party.token_request(grant_type="client_credentials").json["access_token"]
        clock.move_to(NOON + timedelta(seconds=early))
        assert party.introspect(token)["active"] is True
        assert party.userinfo(token).status == 403  # good, but there is nobody behind it
        clock.move_to(NOON + timedelta(seconds=LIFETIME + late))
        assert party.introspect(token) == {"active": False}
        assert party.userinfo(token).status == 401
