"""How old may what a process holds in memory be: at most a second.

Whoever changes clients, resources or keys bumps a counter in the same
transaction. `VersionWatch` reads all counters in one query, once a second and
process, however many snapshots ask.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from weakref import WeakKeyDictionary, ref

from authserver.storage.database import Database

CLIENTS = "clients"
"""The counter of clients and of what all those that registered themselves may ask for."""

MAX_AGE = 1.0
"""Seconds for which counters that were read are believed."""


class VersionWatch:
    """The counters of all kinds of snapshot, at most `MAX_AGE` old. Use `watch(database)` to share one."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = ref(database)  # or the registry below would keep every database alive
        self._clock = clock
        self._lock = threading.Lock()
        self._read: tuple[float, Mapping[str, int]] = (float("-inf"), MappingProxyType({}))

    def version(self, kind: str) -> int:
        """The counter of one kind; 0 for a kind that never changed."""
        moment, versions = self._read
        if self._clock() - moment >= MAX_AGE:
            versions = self._refresh()
        return versions.get(kind, 0)

    def expire(self) -> None:
        """Read anew at the next question, because this process itself changed something."""
        self._read = (float("-inf"), self._read[1])

    def _refresh(self) -> Mapping[str, int]:
        # The age counts from before the query, so that a change committed during it is seen a second later.
        with self._lock:
            moment = self._clock()
            if moment - self._read[0] < MAX_AGE:
                return self._read[1]
            database = self._database()
            if database is None:
                return self._read[1]
            with database.reading_aside() as unit:
                versions = unit.versions.read()
            self._read = (moment, MappingProxyType(versions))
            return versions


_watches: WeakKeyDictionary[Database, VersionWatch] = WeakKeyDictionary()
_watches_lock = threading.Lock()


def watch(database: Database) -> VersionWatch:
    """The watch that everybody in this process shares for `database`."""
    with _watches_lock:
        return _watches.setdefault(database, VersionWatch(database))
