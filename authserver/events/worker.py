"""Background work: spool intake, the audit log, deliveries to subscribers, periodic jobs.

Each of them is a station of one loop. A station that fails rests, longer each
time and never exactly as long, while the others go on. A subscriber has a thread
of its own, because it waits for somebody else's server. Many workers may run:
the audit log and a spool directory have one holder at a time, deliveries are
claimed row by row, jobs are safe to run twice.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from authserver.crypto.sealing import Sealer
from authserver.events.audit_log import AuditWriter
from authserver.events.deliveries import Deliveries, Subscriber
from authserver.events.intake import Intake
from authserver.protocol import validity
from authserver.protocol.identifiers import new_id
from authserver.settings import Settings
from authserver.storage import Database, maintenance
from authserver.telemetry.instruments import counter, gauge, histogram
from authserver.telemetry.logs import get_logger

IDLE_SECONDS: Final = 0.5
"""How long a station rests that found nothing to do; the longest an event waits for the audit log."""

MAX_REST_SECONDS: Final = 60.0
FAILED_KEPT_SECONDS: Final = 30 * 86_400
FORSAKEN_KEPT_SECONDS: Final = 30 * 86_400
"""How long a delivery that was given up stays for the operator to see."""

ANONYMOUS_KEPT_SECONDS: Final = 395 * 86_400
"""How long addresses that belong to no account stay readable."""

SWEEP_BATCH: Final = 500

_logger = get_logger(__name__)
_DONE: Final = counter("authserver_worker_items_total", "Items a station of the worker has finished.", ("station",))
_FAILED: Final = counter("authserver_worker_failures_total", "Steps of the worker that failed.", ("station",))
_DURATION: Final = histogram("authserver_worker_step_seconds", "How long a step that did something took.", ("station",))
_LAST: Final = gauge("authserver_worker_last_success_timestamp_seconds", "When a station last worked.", ("station",))
_WAITING: Final = gauge("authserver_outbox_waiting", "Events that wait for the audit log, and deliveries.", ("queue",))


@dataclass(frozen=True, slots=True)
class Job:
    """Periodic work.

    Attributes:
        name: of the metrics and log lines.
        every: seconds between two runs.
        run: does a bounded piece and tells how many items that were; run again at once while there are some.
    """

    name: str
    every: float
    run: Callable[[], int]


@dataclass(slots=True)
class _Station:
    name: str
    step: Callable[[], int]
    rest: float
    due: float = 0.0
    failures: int = 0

    def work(self) -> int:
        """One step, measured."""
        began = time.perf_counter()
        done = self.step()
        if done:
            _DONE.add(self.name, by=done)
            _DURATION.observe(time.perf_counter() - began, self.name)
        _LAST.set(validity.timestamp(), self.name)
        return done

    def work_guarded(self) -> None:
        """One step; afterwards it is known when the next one is due."""
        try:
            done = self.work()
        except Exception:
            self.failures += 1
            _FAILED.add(self.name)
            pause = min(MAX_REST_SECONDS, 0.5 * 2 ** min(self.failures, 10)) * random.uniform(0.5, 1.0)  # noqa: S311
            _logger.exception("a station of the worker failed", extra={"station": self.name, "retry_in": pause})
            self.due = time.monotonic() + pause
            return
        self.failures = 0
        self.due = time.monotonic() + (0.0 if done else self.rest)


class Worker:
    """The loop over all stations. One instance per process or thread.

    Args:
        sealer: opens what the outbox sealed.
        spool_directory: where the processes of this machine append events; None where there is none.
        subscribers: who gets events besides the audit log.
        jobs: periodic work.
    """

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        *,
        spool_directory: Path | None = None,
        subscribers: Sequence[Subscriber] = (),
        jobs: Iterable[Job] = (),
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        holder = new_id()
        self._stop = threading.Event()
        self._database = database
        self._audit = AuditWriter(
            database, sealer, routes={each.name: each.types for each in subscribers}, holder=holder
        )
        self._intake = Intake(database, spool_directory) if spool_directory is not None else None
        self._stations = [_Station("audit", self._audit.step, idle_seconds)]
        if self._intake is not None:
            self._stations.insert(0, _Station("spool", self._intake.step, idle_seconds))
        self._apart = [
            _Station(
                each.name,
                Deliveries(database, sealer, each, holder=holder, stopping=self._stop.is_set).step,
                idle_seconds,
            )
            for each in subscribers
        ]
        self._queues = len(self._stations) + len(self._apart)
        self._stations += [*self._apart, *(_station_of(job) for job in (*self._own_jobs(), *jobs))]

    def run_once(self) -> int:
        """Works until nothing is left to take in or deliver, then runs every job once; tells how many items that were.

        Raises:
            Exception: what a station raised.
        """
        total = 0
        while done := sum(station.work() for station in self._stations[: self._queues]):
            total += done
        return total + sum(station.work() for station in self._stations[self._queues :])

    def run(self, stop: threading.Event | None = None) -> None:
        """Works until `stop` is set or `stop()` is called; then finishes the step it is in and gives up its leases."""
        self._stop.clear()
        apart = [
            threading.Thread(target=self._loop, args=([station], stop), name=f"worker-{station.name}")
            for station in self._apart
        ]
        for thread in apart:
            thread.start()
        try:
            self._loop([station for station in self._stations if station not in self._apart], stop)
        finally:
            self._stop.set()
            for thread in apart:
                thread.join()
            self._release()

    def _loop(self, stations: Sequence[_Station], stop: threading.Event | None) -> None:
        while not self._ended(stop):
            now = time.monotonic()
            for station in stations:
                if station.due <= now and not self._ended(stop):
                    station.work_guarded()
            self._pause(stations, stop)

    def stop(self) -> None:
        """Asks `run` to end; safe in a signal handler and from other threads."""
        self._stop.set()

    def _ended(self, stop: threading.Event | None) -> bool:
        if stop is not None and stop.is_set():
            self._stop.set()
        return self._stop.is_set()

    def _pause(self, stations: Sequence[_Station], stop: threading.Event | None) -> None:
        rest = min(station.due for station in stations) - time.monotonic()
        if rest > 0:
            (stop or self._stop).wait(min(rest, 1.0))

    def _release(self) -> None:
        if self._intake is not None:
            self._intake.close()
        try:
            self._audit.release()
        except Exception:
            # The lease ends by itself; a database that is down must not keep the process.
            _logger.warning("the audit lease could not be given back", exc_info=True)

    def _own_jobs(self) -> tuple[Job, ...]:
        return (
            Job("queue_lengths", 15.0, self._measure),
            Job("failed_deliveries", 3600.0, self._forget_failed),
            Job("forsaken_deliveries", 3600.0, self._forget_forsaken),
            Job("anonymous_keys", 86_400.0, self._erase_anonymous),
        )

    def _measure(self) -> int:
        with self._database.reading() as unit:
            _WAITING.set(unit.outbox.count(), "audit")
            _WAITING.set(unit.outbox.count_deliveries(), "deliveries")
        return 0

    def _forget_failed(self) -> int:
        with self._database.unit() as unit:
            return unit.outbox.remove_failed(validity.after(-FAILED_KEPT_SECONDS), SWEEP_BATCH)

    def _forget_forsaken(self) -> int:
        """Deliveries to a subscriber that is not there any more, as when mail was switched off while some waited."""
        with self._database.unit() as unit:
            return unit.outbox.remove_forsaken(validity.after(-FORSAKEN_KEPT_SECONDS), SWEEP_BATCH)

    def _erase_anonymous(self) -> int:
        with self._database.unit() as unit:
            return unit.user_keys.erase_anonymous(validity.after(-ANONYMOUS_KEPT_SECONDS))


def build(
    settings: Settings, database: Database, *, subscribers: Sequence[Subscriber] = (), jobs: Iterable[Job] = ()
) -> Worker:
    """The worker of an installation, for `authserver worker` and for a server process that works itself."""
    return Worker(
        database,
        Sealer.of(settings.sealing_key),
        spool_directory=spool_directory(settings),
        subscribers=subscribers,
        jobs=(*sweeps(database), *jobs),
    )


def sweeps(database: Database) -> tuple[Job, ...]:
    """The deletions of storage, as jobs."""
    return tuple(Job(job.name, job.interval_seconds, partial(job.run, database)) for job in maintenance.JOBS)


def spool_directory(settings: Settings) -> Path:
    """Where the processes of this instance append events that have no transaction."""
    return settings.instance_dir / "spool"


def _station_of(job: Job) -> _Station:
    # Workers that start together do not all sweep in the same second.
    return _Station(job.name, job.run, job.every, due=time.monotonic() + random.uniform(0, min(job.every, 30)))  # noqa: S311
