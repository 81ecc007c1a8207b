"""How many may hold a connection at once: one fewer than there are.

What a process remembers of clients, resources and keys is read anew once a
second, often in the middle of somebody's transaction. If every connection were
held by a transaction that waits for that read, the read would wait for all of
them and they for it. So one connection is left for `Database.reading_aside`,
and for a read inside of another one.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import Pool, QueuePool


class Places:
    """Counts the threads that hold a connection of `pool`; what a thread begins inside of that counts as its own."""

    def __init__(self, pool: Pool) -> None:
        self._free: threading.Semaphore | None = None
        self._patience = 0.0
        if isinstance(pool, QueuePool):
            self._free = threading.Semaphore(max(1, pool.size() - 1))
            self._patience = pool.timeout()
        self._inside = threading.local()

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
