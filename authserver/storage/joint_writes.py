"""Small writes of several threads in one transaction, so that one COMMIT reaches the disk for all of them.

SQLite lets one thread write at a time, and most of what a write of one statement
costs there is its COMMIT. Who finds nobody writing writes at once; those who come
meanwhile are written together, by the first of them. Nobody is told an outcome
before it is kept.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, TypeVar, cast

from sqlalchemy.exc import TimeoutError as PoolTimeout

from authserver.storage.outages import CommitLost
from authserver.storage.unit import Unit

Result = TypeVar("Result")


class JointWrites:
    """The small writes of one process.

    Args:
        unit: begins a transaction that may write.
        patience: seconds that a thread waits for the one that writes for it.
    """

    def __init__(self, unit: Callable[[], AbstractContextManager[Unit]], patience: float) -> None:
        self._unit = unit
        self._patience = patience
        self._lock = threading.Lock()
        self._waiting: list[_Write] = []
        self._has_leader = False

    def run(self, work: Callable[[Unit], Result]) -> Result:
        """What `work` returns, once everything that it wrote is committed.

        `work` may run twice: an exception that one raises undoes all that were written together, and each is then
        written on its own. So it leaves nothing behind but what the transaction keeps.

        Raises:
            sqlalchemy.exc.TimeoutError: others were writing for too long; nothing was written.
            CommitLost: it was being written for too long, and nobody can tell whether it will be kept.
            Exception: what `work` raised, or what kept the transaction from being begun or committed.
        """
        write = _Write(work)
        if not self._leads(write) and not write.wait(self._patience):
            self._give_up(write)
        if write.leads:
            self._write_all()
        if write.is_kept:
            return cast("Result", write.result)
        if write.error is not None:
            raise write.error
        with self._unit() as unit:
            return work(unit)

    def _leads(self, write: _Write) -> bool:
        """Queue `write`; whether it has to see to the next transaction."""
        with self._lock:
            self._waiting.append(write)
            write.leads, self._has_leader = not self._has_leader, True
            return write.leads

    def _give_up(self, write: _Write) -> None:
        """Stop waiting, unless in the last moment it was kept or came to lead."""
        with self._lock:
            if write.leads or write.is_kept:
                return
            if write not in self._waiting:
                raise CommitLost("another thread has been writing this for too long")
            self._waiting.remove(write)
        raise PoolTimeout("others have been writing for too long")

    def _write_all(self) -> None:
        """Write for everyone who waits when the transaction begins; who comes later has a leader of their own."""
        taken: Sequence[_Write] = ()
        try:
            with self._unit() as unit:
                taken = self._take()
                for write in taken:
                    write.do(unit)
            for write in taken:
                write.is_kept = True
        except Exception as error:
            taken = taken or self._take()
            # Somebody's mistake is nobody else's; a transaction that fails by itself fails for all.
            if len(taken) == 1 or not any(write.is_refused for write in taken):
                for write in taken:
                    write.error = error
        finally:
            self._hand_over(taken or self._take())

    def _take(self) -> Sequence[_Write]:
        with self._lock:
            taken, self._waiting = self._waiting, []
        return taken

    def _hand_over(self, taken: Sequence[_Write]) -> None:
        """Let those go on who were written for, and the first of those who came meanwhile lead."""
        with self._lock:
            self._has_leader = bool(self._waiting)
            woken = [*self._waiting[:1], *(write for write in taken if not write.leads)]
            if self._waiting:
                self._waiting[0].leads = True
        for write in woken:
            write.wake()


class _Write:
    """One write that waits for its transaction, and what became of it."""

    __slots__ = ("_asleep", "error", "is_kept", "is_refused", "leads", "result", "work")

    def __init__(self, work: Callable[[Unit], Any]) -> None:
        self.work = work
        self.leads = False
        self.is_kept = False
        self.is_refused = False
        self.result: Any = None
        self.error: Exception | None = None
        self._asleep = threading.Lock()
        self._asleep.acquire()

    def do(self, unit: Unit) -> None:
        try:
            self.result = self.work(unit)
        except Exception:
            self.is_refused = True
            raise

    def wait(self, patience: float) -> bool:
        """Sleep until `wake`; False when `patience` seconds were over first."""
        return self._asleep.acquire(timeout=patience)

    def wake(self) -> None:
        self._asleep.release()
