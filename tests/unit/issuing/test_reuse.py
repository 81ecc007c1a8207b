"""What reuse ends; it runs as the effect of a refusal, after the transaction that read the rows is gone."""

from __future__ import annotations

import pytest

from authserver.protocol.errors import InvalidGrant, Refused
from tests.installation import Installation
from tests.outbox import types_recorded
from tests.relying_party import RelyingParty, claims_of


@pytest.fixture
def grant_id(relying_party: RelyingParty) -> str:
    """A grant without a refresh token."""
    return str(claims_of(relying_party.tokens()["access_token"])["grant_id"])


def reuse(server: Installation, grant_id: str, *, ends_session: bool = False) -> None:
    def refused() -> None:
        with server.unit() as unit:
            grant = unit.grants.find(grant_id)
            known = grant.id if grant is not None else grant_id
            raise Refused(InvalidGrant(), lambda other: end(other, known, "test", ends_session=ends_session))

    end = server.services.token_server.services.reuse.end
    with pytest.raises(InvalidGrant):
        refused()


def test_effects_outlive_the_transaction_that_was_refused(server: Installation, grant_id: str) -> None:
    reuse(server, grant_id)
    with server.reading() as unit:
        grant = unit.grants.find(grant_id)
    assert grant is not None
    assert grant.revoke_reason == "test"


def test_twice_revokes_once(server: Installation, grant_id: str) -> None:
    reuse(server, grant_id, ends_session=True)
    reuse(server, grant_id, ends_session=True)
    told = types_recorded(server)
    assert (told.count("GrantRevoked"), told.count("SessionEnded")) == (1, 1)
    assert "RefreshTokenRevoked" not in told


def test_a_grant_that_is_gone_has_nothing_to_end(server: Installation, grant_id: str) -> None:
    with server.unit() as unit:
        unit.clients.delete("app")
    reuse(server, grant_id)
    assert "SuspiciousActivityDetected" not in types_recorded(server)
