"""Who may hold a connection at once: one thread fewer than there are connections, and on SQLite one that writes.

What a process remembers of clients, resources and keys is read anew once a
second, often in the middle of somebody's transaction. If every connection were
held by a transaction that waits for that read, the read would wait for all of
them and they for it. So one connection is left for `Database.reading_aside`,
and for a read inside of another one.

SQLite lets one connection write; the others would poll for its lock, with
growing pauses that starve whoever waits longest. A thread that waits here
instead holds no connection, so the one whose pages are in memory serves the next.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import Pool, QueuePool


class Places:
    """Counts the threads that hold a connection of `pool`; what a thread begins inside of that counts as its own.

    Args:
        turn: seconds that a thread waits for its turn to write, where one may write at a time; None elsewhere.
    """

    def __init__(self, pool: Pool, turn: float | None = None) -> None:
        self._free: threading.Semaphore | None = None
        self._patience = 0.0
        if isinstance(pool, QueuePool):
            self._free = threading.Semaphore(max(1, pool.size() - 1))
            self._patience = pool.timeout()
        self._inside = threading.local()
        self._turn = turn
        self._writing = threading.Lock()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Hold a place until the end.

        Raises:
            sqlalchemy.exc.TimeoutError: none became free in the time that the pool would wait.
        """
        if self._free is None or getattr(self._inside, "taken", False):
            yield
            return
        if not self._free.acquire(timeout=self._patience):
            raise PoolTimeout("every connection has been held for too long")
        self._inside.taken = True
        try:
            yield
        finally:
            self._inside.taken = False
            self._free.release()

    @contextmanager
    def taken_for_writing(self) -> Iterator[None]:
        """Hold a place, and where one may write at a time the turn, until the end. Raises as `taken` does."""
        if self._turn is None:
            with self.taken():
                yield
            return
        if not self._writing.acquire(timeout=self._turn):
            raise PoolTimeout("others have been writing for too long")
        # The writer needs none of the places that are counted, so it never waits for those who wait for it.
        outer, self._inside.taken = getattr(self._inside, "taken", False), True
        try:
            yield
        finally:
            self._inside.taken = outer
            self._writing.release()
