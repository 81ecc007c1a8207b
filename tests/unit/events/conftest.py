"""A migrated database, a sealer, and how tests of this package record events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from authserver import storage
from authserver.crypto.sealing import Sealer
from authserver.events.audit_log import AuditWriter
from authserver.events.event import Event
from authserver.events.outbox import Recorder
from authserver.storage import Database, migrations
from authserver.telemetry import context

ORIGIN = context.RequestContext("corr-1", "198.51.100.7", "Firefox/140")


@pytest.fixture
def sealer() -> Sealer:
    """The installation's sealer."""
    return Sealer.of(bytes(range(32)))


@pytest.fixture
def database(database_url: str, make_settings: Callable[..., Any]) -> Iterator[Database]:
    """A database with the current schema."""
    opened = storage.open(make_settings(database_url=database_url))
    migrations.upgrade(opened)
    yield opened
    opened.close()


@pytest.fixture
def record(database: Database, sealer: Sealer) -> Callable[..., None]:
    """Records events in one committed transaction, as a request from `ORIGIN` would."""
    recorder = Recorder(sealer)

    def write(*events: Event) -> None:
        with context.bind(ORIGIN), database.unit() as unit:
            for event in events:
                recorder.record(unit, event)

    return write


@pytest.fixture
def writer(database: Database, sealer: Sealer) -> AuditWriter:
    """The writer that holds the lease."""
    found = AuditWriter(database, sealer, holder="first")
    assert found.acquire()
    return found
