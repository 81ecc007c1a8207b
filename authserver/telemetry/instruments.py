"""Counters, gauges and histograms: cheap to move, bounded in number, summed over the processes of an instance.

    LOGINS = counter("authserver_logins_total", "Logins by outcome.", ("outcome",))
    LOGINS.add("failed")

Label values are given in the order of the labels. An instrument that has
`max_series` combinations of them counts every further one under `other`, so
that no caller can fill the memory with invented values.
"""

from __future__ import annotations

import os
import threading
from bisect import bisect_left
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from authserver.telemetry import slots
from authserver.telemetry.readings import Family, Kind

OTHER = "other"
MAX_SERIES = 200
SCRATCH = 64
NOWHERE = slots.CELLS - SCRATCH  # where series count for which no cells are left; nobody reads it
SECONDS_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class _Instrument:
    """What the three have in common: their series, each a run of cells in the registry."""

    kind: Kind

    def __init__(
        self,
        registry: Registry,
        name: str,
        *,
        help: str,  # noqa: A002 - the word of the exposition format
        labels: tuple[str, ...],
        buckets: tuple[float, ...],
        max_series: int,
    ) -> None:
        self.name, self.help, self.labels, self.buckets = name, help, labels, buckets
        self.max_series = max_series
        self.width = len(buckets) + 2 if buckets else 1
        self.starts: dict[tuple[str, ...], int] = {}
        self._registry = registry
        self._lock = registry.lock

    def reading(self) -> Family:
        """The instrument without its numbers."""
        return Family(self.name, self.kind, self.help, self.labels, self.buckets)

    def adopt_lock(self, lock: threading.Lock) -> None:
        """Use the registry's new lock, in a forked child."""
        self._lock = lock

    def _start(self, values: tuple[str, ...]) -> int:
        """Where the cells of this combination begin; the lock is held."""
        if len(values) != len(self.labels):
            raise ValueError(f"{self.name} takes the labels {self.labels}")
        if len(self.starts) >= self.max_series:
            values = (OTHER,) * len(self.labels)
        start = self.starts.get(values)
        if start is None:
            start = self.starts[values] = self._registry.allocate(self, values)
        return start


class Counter(_Instrument):
    """A number that only rises."""

    kind: Kind = "counter"

    def add(self, *values: str, by: float = 1.0) -> None:
        """Count `by` for this combination of label values."""
        with self._lock:
            start = self.starts.get(values)
            if start is None:
                start = self._start(values)
            self._registry.cells[start] += by


class Gauge(_Instrument):
    """A number that rises and falls; that of an instance is the sum over its living processes."""

    kind: Kind = "gauge"

    def set(self, value: float, *values: str) -> None:
        """Let the gauge stand at `value`."""
        with self._lock:
            start = self._start(values) if values not in self.starts else self.starts[values]
            self._registry.cells[start] = value

    def add(self, *values: str, by: float = 1.0) -> None:
        """Move the gauge by `by`, which may be negative."""
        with self._lock:
            start = self._start(values) if values not in self.starts else self.starts[values]
            self._registry.cells[start] += by


class Histogram(_Instrument):
    """How values are spread over buckets, each bucket holding what is at most its bound."""

    kind: Kind = "histogram"

    def observe(self, value: float, *values: str) -> None:
        """Record one value; durations are seconds."""
        bucket = bisect_left(self.buckets, value)
        with self._lock:
            start = self.starts.get(values)
            if start is None:
                start = self._start(values)
            cells = self._registry.cells
            cells[start + bucket] += 1.0
            cells[start + self.width - 1] += value


class Registry:
    """All instruments of a process and the memory of their numbers: its own, or a slot shared with readers."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.instruments: dict[str, _Instrument] = {}
        self.cells: memoryview[float] = _own_memory()
        self._used = 0
        self._slot: slots.Slot | None = None
        self._families: set[str] = set()
        self._known: dict[tuple[str, tuple[str, ...], int], int] = {}
        os.register_at_fork(after_in_child=self._leave_parent)

    def add(self, instrument: _Instrument) -> None:
        """Take in a new instrument.

        Raises:
            ValueError: there is one of that name.
        """
        with self.lock:
            if instrument.name in self.instruments:
                raise ValueError(f"there is already an instrument named {instrument.name}")
            self.instruments[instrument.name] = instrument

    def share(self, directory: Path) -> None:
        """Keep the numbers in a slot of `directory` from now on; call it in each process, after the fork.

        Raises:
            OSError: no slot can be taken.
        """
        if self._slot is not None:
            return
        slot = slots.claim(directory)
        with self.lock:
            own, starts = self.cells, self._starts()
            self._slot, self.cells = slot, slot.cells()
            self._adopt(slot.entries())
            for instrument, values, start in starts:
                moved = instrument.starts[values] = self.allocate(instrument, values)
                for offset in range(instrument.width if start != NOWHERE else 0):
                    self.cells[moved + offset] += own[start + offset]

    def snapshot(self) -> list[Family]:
        """The numbers of this process."""
        with self.lock:
            found = {name: instrument.reading() for name, instrument in self.instruments.items()}
            for instrument, values, start in self._starts():
                if start != NOWHERE:
                    found[instrument.name].add(values, self.cells[start : start + instrument.width].tolist())
        return list(found.values())

    def _starts(self) -> list[tuple[_Instrument, tuple[str, ...], int]]:
        return [(item, values, start) for item in self.instruments.values() for values, start in item.starts.items()]

    def _adopt(self, entries: Iterable[list[Any]]) -> None:
        """Learn what an earlier process kept in the slot; its gauges begin anew."""
        self._known, self._used = {}, 0
        kinds = {entry[1]: entry[2] for entry in entries if entry[0] == "family"}
        for entry in entries:
            if entry[0] == "series":
                name, values, width = entry[1], tuple(entry[2]), entry[3]
                self._known[name, values, width] = self._used
                if kinds.get(name) == "gauge":
                    self.cells[self._used] = 0.0
                self._used += width
        self._families = set(kinds)

    def allocate(self, instrument: _Instrument, values: tuple[str, ...]) -> int:
        """The first of the cells for a series; the lock is held. When all are given out: cells nobody reads."""
        key = (instrument.name, values, instrument.width)
        if key in self._known:
            return self._known[key]
        fits = self._used + instrument.width <= NOWHERE
        if not fits or not self._write_index(instrument, values):
            return NOWHERE
        start = self._known[key] = self._used
        self._used += instrument.width
        return start

    def _write_index(self, instrument: _Instrument, values: tuple[str, ...]) -> bool:
        if self._slot is None:
            return True
        if instrument.name not in self._families:
            family = ["family", instrument.name, instrument.kind, instrument.help, instrument.labels]
            if not self._slot.append([*family, instrument.buckets]):
                return False
            self._families.add(instrument.name)
        return self._slot.append(["series", instrument.name, values, instrument.width])

    def _leave_parent(self) -> None:
        """A forked child begins at zero, in memory of its own: parent and child must not count into one slot."""
        self.lock = threading.Lock()
        for instrument in self.instruments.values():
            instrument.adopt_lock(self.lock)
        self.cells = _own_memory()
        slot, self._slot = self._slot, None
        if slot is not None:
            # A thread that was counting when the process forked does not exist here, but its view of the cells does.
            with suppress(BufferError):
                slot.close()


def _own_memory() -> memoryview[float]:
    return memoryview(bytearray(slots.CELLS * 8)).cast("d")


REGISTRY = Registry()


def counter(
    name: str,
    help: str,  # noqa: A002 - the word of the exposition format
    labels: tuple[str, ...] = (),
    max_series: int = MAX_SERIES,
    registry: Registry = REGISTRY,
) -> Counter:
    """A new counter; its name ends in `_total`."""
    found = Counter(registry, name, help=help, labels=labels, buckets=(), max_series=max_series)
    registry.add(found)
    return found


def gauge(
    name: str,
    help: str,  # noqa: A002 - the word of the exposition format
    labels: tuple[str, ...] = (),
    max_series: int = MAX_SERIES,
    registry: Registry = REGISTRY,
) -> Gauge:
    """A new gauge."""
    found = Gauge(registry, name, help=help, labels=labels, buckets=(), max_series=max_series)
    registry.add(found)
    return found


def histogram(
    name: str,
    help: str,  # noqa: A002 - the word of the exposition format
    labels: tuple[str, ...] = (),
    buckets: tuple[float, ...] = SECONDS_BUCKETS,
    *,
    max_series: int = MAX_SERIES,
    registry: Registry = REGISTRY,
) -> Histogram:
    """A new histogram; a name for durations ends in `_seconds`, and `buckets` are rising bounds.

    Raises:
        ValueError: there are no buckets, or more than 60.
    """
    if not 0 < len(buckets) <= SCRATCH - 4:
        raise ValueError(f"{name}: from 1 to {SCRATCH - 4} buckets")
    found = Histogram(registry, name, help=help, labels=labels, buckets=buckets, max_series=max_series)
    registry.add(found)
    return found


def snapshot() -> list[Family]:
    """The numbers of this process."""
    return REGISTRY.snapshot()


def share(directory: Path) -> None:
    """Let the processes of this instance read the numbers of this one; call it in each, after the fork.

    Raises:
        OSError: no slot can be taken in `directory`.
    """
    REGISTRY.share(directory)
