"""How often something happened that is not told one by one: a number on disk for each hour, then one event.

Each kind of refusal has a slot in a file of this process, which is written
anew, in place, before the answer leaves: the slot is the event that will be
told (`RefusalsCounted`) with the number so far, under the same event id. So no
number dies with the process. `intake` takes a file in when its hour is over,
or as soon as its process is gone, and doubles nothing, by event id.

Slots are few: what finds none of its own is counted by event and reason alone,
of which the source has a closed list.
"""

from __future__ import annotations

import os
import threading
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from authserver.crypto.sealing import Sealer
from authserver.events.catalog import RefusalsCounted
from authserver.events.envelope import enclose, moment_text
from authserver.events.event import Event
from authserver.events.spool import line_of, open_held
from authserver.protocol import validity
from authserver.protocol.identifiers import new_id
from authserver.telemetry import context

SUFFIX: Final = ".tally"
SLOT_BYTES: Final = 4096
"""Of one slot. A usual line has 600; the longest client id, escaped, stands in it three times."""

WINDOW_SECONDS: Final = 3600
GRACE_SECONDS: Final = 60
"""How long after its hour a file is left alone, so that a request on its way still counts in it."""

KEYS: Final = 50
"""Slots for clients, and as many for addresses."""

Key = tuple[str, str, str, str]


@dataclass(slots=True)
class _Slot:
    position: int
    event_id: str
    since: str
    count: int = 0


class Tallies:
    """The counts of this process in `directory`, which the spool uses too."""

    def __init__(self, directory: Path, sealer: Sealer, *, keys: int = KEYS) -> None:
        self._directory = directory
        self._sealer = sealer
        self._keys = keys
        self._lock = threading.Lock()
        self._descriptor: int | None = None
        self._window = 0
        self._slots: dict[Key, _Slot] = {}
        _TALLIES.add(self)

    def add(self, event: Event, reason: str, source: str) -> None:
        """Count `event` once more: under its client, or where none is known under `source`.

        Raises:
            OSError: the file could not be written; a later call writes the number with this one in it.
        """
        with self._lock:
            window = validity.timestamp() // WINDOW_SECONDS
            if window != self._window:
                self._close()
                self._window = window
            key = self._key(event.type, reason, event.client_id or "", "" if event.client_id else source)
            slot = self._slots.get(key)
            if slot is None:
                slot = _Slot(len(self._slots), new_id(), moment_text(validity.now()))
                self._slots[key] = slot
            slot.count += 1
            self._write(key, slot)

    def close(self) -> None:
        """Let go of the file, so that intake takes it in at once."""
        with self._lock:
            self._close()

    def _key(self, event_type: str, reason: str, client_id: str, source: str) -> Key:
        key = (event_type, reason, client_id, source)
        if key in self._slots:
            return key
        alike = sum(bool(known[2] if client_id else known[3]) for known in self._slots)
        return key if alike < self._keys else (event_type, reason, "", "")

    def _write(self, key: Key, slot: _Slot) -> None:
        event_type, reason, client_id, source = key
        event = RefusalsCounted(
            client_id=client_id or None,
            event=event_type,
            reason=reason,
            count=slot.count,
            since=slot.since,
            source=source or None,
        )
        # The event is about many requests, so it has the address and the agent of none.
        with context.bind(context.NEUTRAL):
            line = line_of(enclose(event, self._sealer, event_id=slot.event_id))[:-1]
        if self._descriptor is None:
            self._descriptor = self._open()
        os.pwrite(self._descriptor, line.ljust(SLOT_BYTES - 1) + b"\n", slot.position * SLOT_BYTES)

    def _open(self) -> int:
        end = (self._window + 1) * WINDOW_SECONDS
        return open_held(self._directory, lambda: f"{new_id()}.{os.getpid()}.{end}{SUFFIX}", os.O_WRONLY)

    def _close(self) -> None:
        self._slots = {}
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)

    def _after_fork(self) -> None:
        # The parent goes on counting in its file; the child begins one of its own.
        self._lock = threading.Lock()
        self._close()


def is_over(path: Path) -> bool:
    """Whether the hour of a file is over, so that its process counts in it no more."""
    return validity.timestamp() >= int(path.name.split(".")[-2]) + GRACE_SECONDS


def slots_of(content: bytes) -> list[bytes]:
    """The lines of a file. A slot that the disk had no room for is empty."""
    slots = (content[start : start + SLOT_BYTES] for start in range(0, len(content), SLOT_BYTES))
    return [slot for slot in slots if slot.strip(b"\0")]


_TALLIES: weakref.WeakSet[Tallies] = weakref.WeakSet()


def _forked() -> None:
    for tallies in _TALLIES:
        tallies._after_fork()


os.register_at_fork(after_in_child=_forked)
