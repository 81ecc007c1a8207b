"""Counts on disk: exact, bounded, and there when their process is not."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import time_machine
from sqlalchemy import select

from authserver.crypto.sealing import Sealer
from authserver.events.audit_log import AuditWriter
from authserver.events.catalog import AuthorizationRefused, ClientAuthenticationFailed, RefusalsCounted
from authserver.events.envelope import Envelope, disclose, moment_text
from authserver.events.event import Event
from authserver.events.intake import DAMAGED, Intake
from authserver.events.tallies import GRACE_SECONDS, SLOT_BYTES, WINDOW_SECONDS, Tallies
from authserver.storage import Database
from authserver.storage.models.audit import AuditEntry
from authserver.telemetry import context
from authserver.telemetry.context import RequestContext
from tests.conftest import NOON

SOURCE = "192.0.2.7"
Counts = Callable[[], list[RefusalsCounted]]


def failed(client_id: str | None = "shop") -> Event:
    return ClientAuthenticationFailed(client_id=client_id, reason="secret_wrong")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def tallies(frozen_time: time_machine.Traveller, directory: Path, sealer: Sealer) -> Iterator[Tallies]:
    """At noon, when an hour begins."""
    opened = Tallies(directory, sealer, keys=3)
    yield opened
    opened.close()


@pytest.fixture
def intake(database: Database, directory: Path) -> Iterator[Intake]:
    opened = Intake(database, directory)
    yield opened
    opened.close()


@pytest.fixture
def counted(database: Database, sealer: Sealer) -> Counts:
    """The counts that were taken in."""

    def read() -> list[RefusalsCounted]:
        with database.reading() as unit:
            events = [disclose(Envelope(*row), sealer).event for row in unit.outbox.first(1000)]
        return [event for event in events if isinstance(event, RefusalsCounted)]

    return read


def add(tallies: Tallies, times: int, event: Event | None = None, source: str = SOURCE) -> None:
    for _ in range(times):
        tallies.add(event or failed(), "secret_wrong", source)


def test_one_event_says_how_many_there_were(
    tallies: Tallies, intake: Intake, counted: Counts, frozen_time: time_machine.Traveller
) -> None:
    add(tallies, 700)
    frozen_time.shift(WINDOW_SECONDS)
    assert intake.step() == 0
    frozen_time.shift(GRACE_SECONDS)
    assert intake.step() == 1
    (event,) = counted()
    assert (event.event, event.reason, event.count) == ("ClientAuthenticationFailed", "secret_wrong", 700)
    assert (event.client_id, event.source, event.since[:16]) == ("shop", None, moment_text(NOON)[:16])
    assert intake.step() == 0


def test_nothing_is_taken_in_while_the_hour_lasts(tallies: Tallies, intake: Intake, directory: Path) -> None:
    add(tallies, 3)
    assert intake.step() == 0
    assert len(list(directory.glob("*.tally"))) == 1


def test_the_counts_of_a_process_that_is_gone_are_taken_in_at_once(
    tallies: Tallies, intake: Intake, counted: Counts
) -> None:
    add(tallies, 3)
    os.close(tallies._descriptor or 0)  # as its death would
    tallies._descriptor = None
    assert intake.step() == 1
    assert [event.count for event in counted()] == [3]


def test_a_file_that_is_taken_in_twice_counts_once(
    tallies: Tallies, intake: Intake, counted: Counts, directory: Path
) -> None:
    add(tallies, 3)
    tallies.close()
    (path,) = directory.glob("*.tally")
    content = path.read_bytes()
    assert intake.step() == 1
    path.write_bytes(content)
    assert intake.step() == 1
    assert [event.count for event in counted()] == [3]


def test_threads_and_processes_count_side_by_side(
    tallies: Tallies, intake: Intake, counted: Counts, directory: Path, sealer: Sealer
) -> None:
    other = Tallies(directory, sealer)
    threads = [threading.Thread(target=add, args=(each, 50)) for each in (tallies, other) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tallies.close()
    other.close()
    intake.step()
    assert [event.count for event in counted()] == [200, 200]


@pytest.mark.parametrize("known", [True, False])
def test_what_finds_no_slot_is_counted_by_its_reason(
    tallies: Tallies, intake: Intake, counted: Counts, directory: Path, known: bool
) -> None:
    for number in range(500):
        event = failed(f"client-{number}" if known else None)
        add(tallies, 1, event, f"192.0.2.{number}")
    (path,) = directory.glob("*.tally")
    assert path.stat().st_size <= 4 * SLOT_BYTES
    tallies.close()
    intake.step()
    events = counted()
    assert sorted(event.count for event in events) == [1, 1, 1, 497]
    (rest,) = (event for event in events if event.count == 497)
    assert (rest.client_id, rest.source) == (None, None)


def test_clients_and_strangers_do_not_take_each_others_slots(tallies: Tallies, intake: Intake, counted: Counts) -> None:
    for number in range(10):
        add(tallies, 1, failed(None), f"192.0.2.{number}")
    add(tallies, 5)
    tallies.close()
    intake.step()
    assert [event.count for event in counted() if event.client_id == "shop"] == [5]


def test_events_are_counted_apart(tallies: Tallies, intake: Intake, counted: Counts) -> None:
    add(tallies, 2)
    add(tallies, 3, AuthorizationRefused(client_id="shop", reason="secret_wrong", error="invalid_grant"))
    tallies.close()
    intake.step()
    found = {event.event: event.count for event in counted()}
    assert found == {"ClientAuthenticationFailed": 2, "AuthorizationRefused": 3}


def test_a_network_is_sealed_and_the_last_caller_is_not_told(
    tallies: Tallies, directory: Path, intake: Intake, database: Database, sealer: Sealer
) -> None:
    with context.bind(RequestContext("corr-1", "198.51.100.9", "Firefox/140")):
        add(tallies, 2, failed(None))
    tallies.close()
    (path,) = directory.glob("*.tally")
    assert SOURCE.encode() not in path.read_bytes()
    intake.step()
    with database.reading() as unit:
        (opened,) = (disclose(Envelope(*row), sealer) for row in unit.outbox.first(10))
    assert (opened.event.source, opened.address, opened.correlation_id) == (SOURCE, "", "")  # type: ignore[attr-defined]


def test_the_longest_client_id_fits_its_slot(tallies: Tallies, directory: Path) -> None:
    add(tallies, 1, failed('"' * 255))
    (path,) = directory.glob("*.tally")
    assert path.stat().st_size == SLOT_BYTES
    orjson.loads(path.read_bytes())


def test_a_full_disk_costs_no_count(
    tallies: Tallies, intake: Intake, counted: Counts, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, full = os.pwrite, [True, False, False]

    def write(*arguments: Any) -> int:
        if full.pop(0):
            raise OSError(28, "full")
        return real(*arguments)

    monkeypatch.setattr(os, "pwrite", write)
    with pytest.raises(OSError, match="full"):
        add(tallies, 1)
    add(tallies, 1, failed("other"))
    add(tallies, 1)
    tallies.close()
    intake.step()
    assert sorted(event.count for event in counted()) == [1, 2]


def test_a_slot_that_was_never_written_is_passed_over_and_a_damaged_one_put_aside(
    tallies: Tallies, intake: Intake, directory: Path
) -> None:
    add(tallies, 1)
    tallies.close()
    (path,) = directory.glob("*.tally")
    path.write_bytes(bytes(SLOT_BYTES) + path.read_bytes() + b"{torn")
    assert intake.step() == 2
    assert (directory / DAMAGED).read_bytes() == b"{torn\n"
    assert not path.exists()


def test_a_forked_child_counts_in_a_file_of_its_own(tallies: Tallies, directory: Path) -> None:
    add(tallies, 1)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            add(tallies, 1)
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert len(list(directory.glob("*.tally"))) == 2


def test_a_count_becomes_an_entry_of_the_audit_log(
    tallies: Tallies, intake: Intake, database: Database, writer: AuditWriter
) -> None:
    add(tallies, 7, failed(None))
    tallies.close()
    intake.step()
    assert writer.step() == 1
    with database.reading() as unit:
        (entry,) = unit.session.scalars(select(AuditEntry))
    assert entry.type == "RefusalsCounted"
    assert '"count":7' in entry.record
    assert SOURCE not in entry.record
