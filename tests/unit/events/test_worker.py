"""The worker: every station gets its turn, failures rest, stopping is clean."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import time_machine
from sqlalchemy.exc import OperationalError

from authserver.crypto.sealing import Sealer
from authserver.events import catalog, deliveries
from authserver.events.chain import verify_chain
from authserver.events.deliveries import LEASE_SECONDS, MAX_ATTEMPTS, Deliveries
from authserver.events.envelope import Opened
from authserver.events.spool import Spool
from authserver.events.worker import Job, Worker, build
from authserver.protocol import validity
from authserver.settings import Settings
from authserver.storage import Database, maintenance
from authserver.storage.repositories.outbox import Claim, Outbox
from authserver.telemetry import context

Record = Callable[..., None]


class Listener:
    """Remembers what it was given; fails while `broken`."""

    name = "listener"

    def __init__(self, types: frozenset[str] | None = None, broken: bool = False) -> None:
        self.types = types
        self.broken = broken
        self.error: Exception = ConnectionError("receiver is down")
        self.heard: list[Opened] = []
        self.correlations: list[str] = []

    def deliver(self, opened: Opened) -> None:
        if self.broken:
            raise self.error
        self.heard.append(opened)
        self.correlations.append(context.current().correlation_id)


def created(number: int) -> catalog.UserCreated:
    return catalog.UserCreated(user_id=f"user-{number}", email=f"{number}@example.com")


def test_what_was_recorded_and_spooled_reaches_the_log(
    database: Database, sealer: Sealer, record: Record, tmp_path: Path
) -> None:
    record(created(1))
    Spool(tmp_path / "spool", sealer).append(catalog.ClientTokenIssued(client_id="c", token_id="t"))
    Worker(database, sealer, spool_directory=tmp_path / "spool").run_once()
    assert verify_chain(database).entries == 2
    with database.reading() as unit:
        assert unit.outbox.count() == 0


def test_a_subscriber_hears_of_the_types_it_wants(database: Database, sealer: Sealer, record: Record) -> None:
    listener = Listener(frozenset({"UserCreated"}))
    record(created(1), catalog.UserEnabled(user_id="u"), created(2))
    Worker(database, sealer, subscribers=[listener]).run_once()
    assert [opened.event for opened in listener.heard] == [created(1), created(2)]
    assert listener.heard[0].address == "198.51.100.7"
    assert listener.correlations == ["corr-1", "corr-1"]
    with database.reading() as unit:
        assert unit.outbox.count_deliveries() == 0


def test_a_failed_delivery_comes_again_later(database: Database, sealer: Sealer, record: Record) -> None:
    listener = Listener(broken=True)
    worker = Worker(database, sealer, subscribers=[listener])
    record(created(1))
    worker.run_once()
    listener.broken = False
    worker.run_once()
    assert listener.heard == []
    with time_machine.travel(validity.after(3600)):
        worker.run_once()
    assert len(listener.heard) == 1


def test_a_delivery_is_given_up_in_the_end_and_kept(database: Database, sealer: Sealer, record: Record) -> None:
    worker = Worker(database, sealer, subscribers=[Listener(broken=True)])
    record(created(1))
    with time_machine.travel(validity.now(), tick=False) as clock:
        for _ in range(MAX_ATTEMPTS + 2):
            worker.run_once()
            clock.shift(4000)
    with database.unit() as unit:
        assert unit.outbox.count_deliveries() == 0
        assert unit.outbox.remove_failed(validity.after(10**6), 10) == 1


def test_what_waits_for_a_subscriber_that_is_gone_is_forgotten_after_a_month(
    database: Database, sealer: Sealer, record: Record
) -> None:
    record(created(1))
    Worker(database, sealer, subscribers=[Listener(broken=True)]).run_once()
    worker = Worker(database, sealer)
    for days, left in ((29, 1), (31, 0)):
        with time_machine.travel(validity.after(days * 86_400)):
            worker.run_once()
        with database.reading() as unit:
            assert unit.outbox.count_deliveries() == left


def test_a_broken_subscriber_holds_up_nobody(database: Database, sealer: Sealer, record: Record) -> None:
    other = Listener()
    other.name = "other"  # type: ignore[misc]
    record(created(1))
    Worker(database, sealer, subscribers=[Listener(broken=True), other]).run_once()
    assert len(other.heard) == 1
    assert verify_chain(database).entries == 1


def test_many_workers_deliver_each_event_once(database: Database, sealer: Sealer, record: Record) -> None:
    listener = Listener()
    record(*(created(number) for number in range(60)))
    Worker(database, sealer, subscribers=[Listener(broken=False)])._audit.step()
    queues = [Deliveries(database, sealer, listener, holder=f"worker-{n}") for n in range(6)]

    def work(queue: Deliveries) -> None:
        while queue.step():
            pass

    threads = [threading.Thread(target=work, args=(queue,)) for queue in queues]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({opened.event_id for opened in listener.heard}) == len(listener.heard) == 60


def test_a_claim_that_ended_belongs_to_the_next_worker(database: Database, sealer: Sealer, record: Record) -> None:
    record(created(1))
    Worker(database, sealer, subscribers=[Listener()])._audit.step()
    with database.unit() as unit:
        now, until = validity.now(), validity.after(LEASE_SECONDS)
        (first,) = unit.outbox.claim_deliveries("listener", holder="a", now=now, until=until, limit=9)
        (second,) = unit.outbox.claim_deliveries("listener", holder="a", now=until, until=until, limit=9)
        assert not unit.outbox.complete_delivery(first)
        assert unit.outbox.complete_delivery(second)


def test_a_stopping_worker_gives_back_what_it_claimed(database: Database, sealer: Sealer, record: Record) -> None:
    record(created(1))
    listener = Listener()
    Worker(database, sealer, subscribers=[listener])._audit.step()
    assert Deliveries(database, sealer, listener, holder="a", stopping=lambda: True).step() == 0
    assert Deliveries(database, sealer, listener, holder="b").step() == 1


def test_what_was_not_attempted_does_not_count(
    database: Database, sealer: Sealer, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = Listener()
    worker = Worker(database, sealer, subscribers=[listener])
    record(created(1))
    worker._audit.step()
    monkeypatch.setattr(deliveries, "LEASE_SECONDS", 0)
    for _ in range(MAX_ATTEMPTS + 1):
        assert Deliveries(database, sealer, listener, holder="slow").step() == 0
    monkeypatch.undo()
    with database.unit() as unit:
        now = validity.now()
        (claim,) = unit.outbox.claim_deliveries("listener", holder="a", now=now, until=now, limit=9)
    assert (listener.heard, claim.attempts) == ([], 1)


def test_what_cannot_be_delivered_is_given_up_at_once(database: Database, sealer: Sealer, record: Record) -> None:
    listener = Listener(broken=True)
    listener.error = deliveries.Undeliverable("nobody there")
    record(created(1))
    Worker(database, sealer, subscribers=[listener]).run_once()
    with database.unit() as unit:
        assert unit.outbox.count_deliveries() == 0
        assert unit.outbox.remove_failed(validity.after(10**6), 10) == 1


def test_what_was_delivered_is_noted_though_the_database_fails_once(
    database: Database, sealer: Sealer, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener, complete, failures = Listener(), Outbox.complete_delivery, [OSError("gone")]

    def complete_at_last(outbox: Outbox, claim: Claim) -> bool:
        if failures:
            raise OperationalError("DELETE", None, failures.pop(), connection_invalidated=True)
        return complete(outbox, claim)

    monkeypatch.setattr(Outbox, "complete_delivery", complete_at_last)
    record(created(1))
    Worker(database, sealer, subscribers=[listener]).run_once()
    with database.reading() as unit:
        assert (len(listener.heard), unit.outbox.count_deliveries()) == (1, 0)


def test_a_subscriber_that_waits_holds_up_nobody(database: Database, sealer: Sealer, record: Record) -> None:
    waits, answered = threading.Event(), threading.Event()
    listener = Listener()

    def deliver(_opened: Opened) -> None:
        waits.set()
        answered.wait(30)

    listener.deliver = deliver  # type: ignore[method-assign]
    worker = Worker(database, sealer, subscribers=[listener], idle_seconds=0.01)
    thread = threading.Thread(target=worker.run)
    record(created(1))
    thread.start()
    assert waits.wait(30)
    record(created(2))
    while verify_chain(database).entries < 2:
        waits.wait(0.01)
        time.sleep(0.01)
    answered.set()
    worker.stop()
    thread.join(30)
    assert not thread.is_alive()


def test_a_failing_job_does_not_stop_the_others(database: Database, sealer: Sealer, record: Record) -> None:
    ran = threading.Event()

    def fail() -> int:
        raise ZeroDivisionError

    def work() -> int:
        ran.set()
        return 0

    worker = Worker(database, sealer, jobs=[Job("failing", 0.01, fail), Job("working", 0.01, work)], idle_seconds=0.01)
    thread = threading.Thread(target=worker.run)
    thread.start()
    record(created(1))
    assert ran.wait(30)
    while verify_chain(database).entries == 0:
        ran.wait(0.01)
    worker.stop()
    thread.join(30)
    assert not thread.is_alive()


def test_a_job_runs_again_at_once_while_there_is_more(database: Database, sealer: Sealer) -> None:
    left = [3]
    done = threading.Event()

    def sweep() -> int:
        left[0] -= 1
        if left[0] == 0:
            done.set()
        return left[0]

    worker = Worker(database, sealer, jobs=[Job("sweep", 0.01, sweep)])
    thread = threading.Thread(target=worker.run)
    thread.start()
    assert done.wait(30)
    worker.stop()
    thread.join(30)


def test_a_stopped_worker_gives_its_lease_back(database: Database, sealer: Sealer, record: Record) -> None:
    record(created(1))
    stop = threading.Event()
    first = Worker(database, sealer)
    thread = threading.Thread(target=first.run, args=(stop,))
    thread.start()
    while verify_chain(database).entries == 0:
        stop.wait(0.01)
    stop.set()
    thread.join(30)
    record(created(2))
    Worker(database, sealer).run_once()
    assert verify_chain(database).entries == 2


def test_anonymous_keys_are_destroyed_in_time(database: Database, sealer: Sealer, record: Record) -> None:
    record(catalog.UserLoginFailed(reason="unknown", identifier="typo"))
    worker = Worker(database, sealer)
    worker.run_once()
    with time_machine.travel(validity.after(400 * 86_400)):
        worker.run_once()
    with database.reading() as unit:
        entry = unit.audit.after(0, 1)[0]
        assert unit.user_keys.find_many([entry.origin_holder or ""]) == {entry.origin_holder: None}


@pytest.mark.parametrize("station", ["audit", "queue_lengths"])
def test_run_once_raises_what_a_station_raises(
    station: str, database: Database, sealer: Sealer, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = Worker(database, sealer)

    def fail() -> int:
        raise ZeroDivisionError

    (found,) = (each for each in worker._stations if each.name == station)
    found.step = fail
    with pytest.raises(ZeroDivisionError):
        worker.run_once()


def test_the_worker_of_an_installation_sweeps(database: Database, settings: Settings) -> None:
    jobs = {station.name for station in build(settings, database)._stations}
    assert {job.name for job in maintenance.JOBS} <= jobs
    assert len(jobs) == len(build(settings, database)._stations)
