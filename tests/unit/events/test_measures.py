"""Numbers of the business: counted once per event, when it has happened."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from authserver.crypto.sealing import Sealer
from authserver.events import catalog, measures
from authserver.events.event import Event
from authserver.events.outbox import Recorder
from authserver.events.spool import Spool
from authserver.protocol.errors import InvalidGrant, Refused
from authserver.storage import Database
from authserver.telemetry import instruments

SEALER = Sealer.of(bytes(range(32)))


def reading(name: str, *values: str) -> float:
    """What a counter of this process stands at."""
    family = next(family for family in instruments.snapshot() if family.name == name)
    return family.series.get(values, [0.0])[0]


def test_a_committed_event_counts_and_one_rolled_back_does_not(database: Database) -> None:
    before = reading("authserver_logins_total", "succeeded")
    recorder = Recorder(SEALER)
    with suppress(RuntimeError), database.unit() as unit:
        recorder.record(unit, catalog.UserLoggedIn(user_id="u"))
        raise RuntimeError
    assert reading("authserver_logins_total", "succeeded") == before
    with database.unit() as unit:
        recorder.record(unit, catalog.UserLoggedIn(user_id="u"))
        assert reading("authserver_logins_total", "succeeded") == before
    assert reading("authserver_logins_total", "succeeded") == before + 1


def test_the_event_of_a_refusal_counts(database: Database) -> None:
    before = reading("authserver_lockouts_total")
    event = catalog.UserAccountLocked(failures=5, locked_for=900)
    refused = Refused(InvalidGrant("no", reason="no"), lambda unit: Recorder(SEALER).record(unit, event))
    with pytest.raises(InvalidGrant), database.unit():
        raise refused
    assert reading("authserver_lockouts_total") == before + 1


def test_an_event_without_a_transaction_counts_when_it_is_written(tmp_path: Path) -> None:
    before = reading("authserver_tokens_issued_total", "client_credentials")
    Spool(tmp_path, SEALER).append(catalog.ClientTokenIssued(client_id="c", token_id="t"))
    assert reading("authserver_tokens_issued_total", "client_credentials") == before + 1


def test_a_refresh_is_a_refresh_and_an_issued_token() -> None:
    before = reading("authserver_token_refreshes_total"), reading("authserver_tokens_issued_total", "refresh_token")
    measures.measure(catalog.TokenRefreshed(client_id="c"))
    after = reading("authserver_token_refreshes_total"), reading("authserver_tokens_issued_total", "refresh_token")
    assert after == (before[0] + 1, before[1] + 1)


@pytest.mark.parametrize("event", list(measures.MEASURES), ids=lambda kind: kind.__name__)
def test_every_measured_event_is_in_the_catalogue(event: type[Event]) -> None:
    assert event in catalog.TYPES.values()
