"""Moving windows in the database, for the `limits` library, where there is no Redis."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from typing import Any

from limits.storage import MovingWindowSupport, Storage

from authserver.storage import Database, Unit

PREFIX = "limit:"
EXACT_ENTRIES = 128
"""Up to this limit each entry keeps its own time; above, entries share slots of a 128th of the window."""

_ENTRY = struct.Struct("dI")


class SQLStorage(Storage, MovingWindowSupport):
    """Windows as rows of the ephemeral table, shared by all processes of the database.

    A row holds pairs of time and count. Entries that share a slot leave the
    window together with the last of them, so that never more than the limit
    passes.
    """

    STORAGE_SCHEME = None

    def __init__(self, database: Database) -> None:
        super().__init__("", wrap_exceptions=False)
        self._database = database

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        """Whatever the driver raises."""
        return Exception

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Enter `amount` into the window of `expiry` seconds unless more than `limit` would be in it."""
        if amount > limit:
            return False

        def work() -> bool:
            with self._database.unit() as unit:
                # The counter's row is locked until the commit: on PostgreSQL nobody else reads this window meanwhile.
                unit.ephemeral.increment(f"{PREFIX}{key}:lock", expiry)
                entries = _live(unit.ephemeral.find(PREFIX + key), expiry)
                if sum(count for _, count in entries) + amount > limit:
                    return False
                _enter(entries, limit, expiry, amount)
                self._store(unit, key, entries, expiry)
                return True

        return self._database.retrying(work)

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:  # noqa: ARG002 - the library's signature
        """When the oldest entry of the window came, and how many there are."""
        with self._database.reading() as unit:
            entries = _live(unit.ephemeral.find(PREFIX + key), expiry)
        if not entries:
            return time.time(), 0
        return entries[0][0], sum(count for _, count in entries)

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Add to a counter of a fixed window."""

        def work() -> int:
            with self._database.unit() as unit:
                return max(unit.ephemeral.increment(PREFIX + key, expiry) for _ in range(amount))

        return self._database.retrying(work)

    def get(self, key: str) -> int:
        """The counter of a fixed window."""
        with self._database.reading() as unit:
            return unit.ephemeral.count(PREFIX + key)

    def get_expiry(self, key: str) -> float:  # noqa: ARG002 - the library's signature
        """Unknown for counters: the latest it can be is now."""
        return time.time()

    def check(self) -> bool:
        """Whether the database answers."""
        try:
            self._database.ping()
        except self.base_exceptions:
            return False
        return True

    def reset(self) -> int | None:
        """Forget every window; how many there were."""
        return self._changing(lambda unit: _remove_all(unit, unit.ephemeral.keys(PREFIX)))

    def clear(self, key: str) -> None:
        """Forget one window."""
        self._changing(lambda unit: _remove_all(unit, [PREFIX + key]))

    def _changing(self, change: Callable[[Unit], int]) -> int:
        def work() -> int:
            with self._database.unit() as unit:
                return change(unit)

        return self._database.retrying(work)

    def _store(self, unit: Unit, key: str, entries: list[tuple[float, int]], expiry: int) -> None:
        unit.ephemeral.put(PREFIX + key, b"".join(_ENTRY.pack(*entry) for entry in entries), expiry)


def _live(stored: bytes | None, expiry: int) -> list[tuple[float, int]]:
    """The entries still in the window, oldest first."""
    if not stored:
        return []
    oldest = time.time() - expiry
    return [entry for entry in _ENTRY.iter_unpack(stored) if entry[0] > oldest]


def _enter(entries: list[Any], limit: int, expiry: int, amount: int) -> None:
    """Add `amount` now: as an entry, or to the youngest slot, whose time moves forward to now."""
    moment = time.time()
    slot = 0.0 if limit <= EXACT_ENTRIES else expiry / EXACT_ENTRIES
    if slot and entries and int(entries[-1][0] / slot) == int(moment / slot):
        entries[-1] = (moment, entries[-1][1] + amount)
    else:
        entries.append((moment, amount))


def _remove_all(unit: Unit, keys: list[str]) -> int:
    for key in keys:
        unit.ephemeral.remove(key)
    return len(keys)
