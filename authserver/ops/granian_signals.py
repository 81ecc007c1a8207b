"""Signals of granian's processes: a thread waits for them.

A handler, as granian has one, runs in the main thread alone. The system may
give the signal to another thread, which does not wake the main one; and a
second signal, as of Ctrl-C and then of the main process, may find it holding
the lock that the handler needs. Either way the process would go on. So every
thread leaves these signals alone, but for the one that waits for them.

What granian does at the end of a worker is right for connections whose request
has come and wrong for those whose request is on its way: it closes them. So a
worker that is to end first stops taking connections and goes on for a moment
with those that it has.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from granian import _granian, _signals
from granian.server import common

from authserver.ops.granian_socket import SharedSocket

ENDING = frozenset({signal.SIGINT, signal.SIGTERM})
RELOADING = signal.SIGHUP
HELD = ENDING | {RELOADING}

_main: Any = common
_worker: Any = _signals


class Signals:
    """What the processes do when they are told to end.

    Args:
        shared: the socket on which all workers listen.
        linger: seconds for which a worker that is to end goes on with the connections it has.
    """

    def __init__(self, shared: SharedSocket, linger: float) -> None:
        self._shared = shared
        self._linger = linger
        self.is_ending = False

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold signals back in this thread and in all threads and processes it starts, until somebody waits for them.

        granian is told to wait in this way, in the main process and in its workers.
        """
        before = signal.pthread_sigmask(signal.SIG_BLOCK, HELD)
        _main.set_main_signals = self._wait_in_main
        _worker.set_sync_signals = self._wait_in_worker
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _wait_in_main(self, end: Callable[[], None], reload: Callable[[], None]) -> None:
        """What granian calls to set the handlers of its main process."""

        def wait() -> None:
            while True:
                reload() if signal.sigwait(HELD) == RELOADING else end()

        threading.Thread(target=wait, name="signals", daemon=True).start()

    def _wait_in_worker(self) -> Any:
        """What granian calls to be told when a worker is to end."""
        event = _granian.WorkerSignal()

        def wait() -> None:
            signal.sigwait(ENDING)
            self.is_ending = True
            self._shared.let_go()
            time.sleep(self._linger)
            event.set()

        threading.Thread(target=wait, name="signals", daemon=True).start()
        return event
