"""Takes spool files into the outbox.

A line is inserted by its event id, so reading it twice is harmless; a file is
deleted only when every line was committed and no process can write to it any
more. A crash at any point therefore loses nothing and doubles nothing.

The counts of refusals (`tallies`) lie beside them and come in whole, an hour at
a time.

One intake works on a directory at a time; the kernel releases its lock when the
process dies.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from authserver.events import tallies
from authserver.events.envelope import Envelope
from authserver.events.spool import SUFFIX, envelope_of
from authserver.storage import Database
from authserver.storage.repositories.outbox import OutboxRow
from authserver.telemetry.logs import get_logger

BATCH: Final = 500
DAMAGED: Final = "damaged.lines"
"""Where lines go that cannot be read, for an operator to look at; nothing is thrown away unseen."""

_logger = get_logger(__name__)


class Intake:
    """Reads the spool files of one directory. One instance per worker, used by one thread."""

    def __init__(self, database: Database, directory: Path, *, batch: int = BATCH) -> None:
        self._database = database
        self._directory = directory
        self._batch = batch
        self._offsets: dict[str, int] = {}
        self._lock: int | None = None

    def step(self) -> int:
        """Takes in what was appended since the last step and tells how many lines that were."""
        if not self._directory.is_dir() or not self._hold():
            return 0
        files = sorted(self._directory.glob(f"*{SUFFIX}"))
        self._offsets = {path.name: self._offsets.get(path.name, 0) for path in files}
        counted = sorted(self._directory.glob(f"*{tallies.SUFFIX}"))
        return sum(self._take_in(path) for path in files) + sum(self._take_tally(path) for path in counted)

    def close(self) -> None:
        """Lets another intake have the directory."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _hold(self) -> bool:
        if self._lock is None:
            descriptor = os.open(self._directory / "intake.lock", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                return False
            self._lock = descriptor
        return True

    def _take_in(self, path: Path) -> int:
        with path.open("rb") as file:
            # The writer's lock is asked for before reading: once it is free, what is read is all there will be.
            finished = _is_free(file.fileno())
            file.seek(self._offsets[path.name])
            content = file.read()
        whole = content[: content.rfind(b"\n") + 1]
        lines = whole.split(b"\n")[:-1]
        for envelopes, length in self._batches(lines):
            if envelopes:
                with self._database.unit() as unit:
                    unit.outbox.add_missing(envelopes)
            self._offsets[path.name] += length
        if finished:
            if torn := content[len(whole) :]:
                self._put_aside(path, torn)
            path.unlink()
        return len(lines)

    def _take_tally(self, path: Path) -> int:
        """Takes the counts of an hour in, once nobody counts there any more."""
        with path.open("rb") as file:
            if not (_is_free(file.fileno()) or tallies.is_over(path)):
                return 0
            lines = tallies.slots_of(file.read())
        for envelopes, _ in self._batches(lines):
            if envelopes:
                with self._database.unit() as unit:
                    unit.outbox.add_missing(envelopes)
        path.unlink()
        return len(lines)

    def _batches(self, lines: list[bytes]) -> Iterator[tuple[list[OutboxRow], int]]:
        for start in range(0, len(lines), self._batch):
            chunk = lines[start : start + self._batch]
            rows = [OutboxRow(e.event_id, e.record, e.sealed) for e in map(self._read, chunk) if e is not None]
            yield rows, sum(len(line) + 1 for line in chunk)

    def _read(self, line: bytes) -> Envelope | None:
        try:
            return envelope_of(line)
        except ValueError:
            self._put_aside(self._directory, line)
            return None

    def _put_aside(self, path: Path, line: bytes) -> None:
        """Keeps a line that was never answered for: its writer died, or was refused, in the middle of it."""
        _logger.error("a damaged spool line was put aside", extra={"file": path.name, "bytes": len(line)})
        with (self._directory / DAMAGED).open("ab") as file:
            file.write(line + b"\n")


def _is_free(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
