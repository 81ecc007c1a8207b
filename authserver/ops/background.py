"""Background work in one process beside the server's workers, started again when it dies."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable

from authserver.ops.process_life import die_with_parent
from authserver.ops.serving import Background
from authserver.telemetry.logs import get_logger

_log = get_logger(__name__)

POLL_SECONDS = 0.2
SHORTEST_PAUSE, LONGEST_PAUSE = 1.0, 30.0


class BackgroundProcess:
    """Keeps one child process that runs `work` until it is told to stop. Fork it before any server thread exists.

    Args:
        let_go: called in the child first. It inherits the sockets on which the server listens and must not keep them.
    """

    def __init__(self, work: Background, graceful_timeout: float, let_go: Callable[[], None]) -> None:
        self._work = work
        self._let_go = let_go
        self._graceful_timeout = graceful_timeout
        self._stopping = threading.Event()
        self._pid = 0
        self._keeper = threading.Thread(target=self._keep, name="background-keeper", daemon=True)

    @property
    def pid(self) -> int:
        """The child's process id; 0 while there is none."""
        return self._pid

    def start(self) -> None:
        """Start the process, and the thread that keeps it alive."""
        self._keeper.start()

    def stop(self) -> None:
        """Let the process finish what it does; kill it when that takes too long."""
        self._stopping.set()
        self._keeper.join(self._graceful_timeout + 5)

    def _keep(self) -> None:
        pause = SHORTEST_PAUSE
        while not self._stopping.is_set():
            began = time.monotonic()
            self._fork()
            while not self._stopping.is_set() and not self._has_ended():
                time.sleep(POLL_SECONDS)
            if self._stopping.is_set():
                break
            _log.error("the background process ended; it is started again", extra={"pause": pause})
            pause = SHORTEST_PAUSE if time.monotonic() - began > LONGEST_PAUSE else min(LONGEST_PAUSE, pause * 2)
            self._stopping.wait(pause)
        self._end()

    def _fork(self) -> None:
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._run_child(parent)
        self._pid = pid

    def _run_child(self, parent: int) -> None:
        code = 1
        try:
            stop = threading.Event()
            signal.signal(signal.SIGTERM, lambda *_: stop.set())
            # Ctrl-C reaches every process of a terminal; the parent ends this one in its turn.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            # A reload is the parent's to do, and this process reads nothing anew.
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            # The parent may hold signals back for a thread of its own, and a child inherits that.
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
            die_with_parent(parent, self._graceful_timeout)
            self._let_go()
            self._work(stop)
            code = 0
        except BaseException:
            _log.exception("background work failed")
        finally:
            os._exit(code)

    def _has_ended(self) -> bool:
        """Whether the child is gone; a server that reaps all its children may have taken its status already."""
        if not self._pid:
            return True
        try:
            reaped, _ = os.waitpid(self._pid, os.WNOHANG)
        except ChildProcessError:
            reaped = self._pid
        if reaped:
            self._pid = 0
        return bool(reaped)

    def _end(self) -> None:
        if self._has_ended():
            return
        _signal(self._pid, signal.SIGTERM)
        deadline = time.monotonic() + self._graceful_timeout
        while not self._has_ended():
            if time.monotonic() > deadline:
                _signal(self._pid, signal.SIGKILL)
                deadline += LONGEST_PAUSE
            time.sleep(POLL_SECONDS / 4)


def _signal(pid: int, number: int) -> None:
    if pid:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
