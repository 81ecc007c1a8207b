"""Starts a server as a child process, waits until it is ready, and ends it by its process id."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

START_SECONDS = 60.0
STOP_SECONDS = 60.0
LOG_TAIL = 4000
PORTS = range(11_000, 32_000)


class ServerError(Exception):
    """A server did not start or ended by itself; the message holds the end of its log."""


def free_port() -> int:
    """Return a TCP port of the loopback address that nobody listens on now.

    It is below those that the system gives to clients: one of them could have it before the server does.
    """
    while True:
        port = PORTS[secrets.randbelow(len(PORTS))]
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
            listener.bind(("127.0.0.1", port))
            return port


def accepts(port: int, host: str = "127.0.0.1") -> bool:
    """Say whether something accepts connections on the port."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def wait_until(condition: Callable[[], bool], seconds: float = START_SECONDS, what: str = "the condition") -> None:
    """Poll until the condition holds.

    Raises:
        TimeoutError: it did not hold in time.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come true within {seconds:.0f} s")
        time.sleep(0.02)


def as_user(user: str | None) -> list[str]:
    """Return the command prefix that runs a program as `user` and ends it when the test process dies."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return []
    prefix = [setpriv, "--pdeathsig", "TERM"]
    if user is not None and os.geteuid() == 0:
        prefix += ["--reuid", user, "--regid", user, "--init-groups"]
    return [*prefix, "--"]


class ServerProcess:
    """One running server. Its output goes to `log`; it is ended when the `with` block is left."""

    def __init__(
        self,
        command: Sequence[str | Path],
        log: Path,
        *,
        ready: Callable[[], bool],
        environ: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: str | None = None,
        start_seconds: float = START_SECONDS,
    ) -> None:
        self.command = [*as_user(user), *map(str, command)]
        self.log = log
        self._ready = ready
        self._environ = dict(os.environ if environ is None else environ)
        self._cwd = cwd
        self._start_seconds = start_seconds
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process id of the server."""
        return self._running().pid

    def start(self) -> Self:
        """Start the server and return when it is ready.

        Raises:
            ServerError: it ended or was not ready in time.
        """
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environ,
                cwd=self._cwd,
                start_new_session=True,
            )
        try:
            wait_until(self._is_ready_or_ended, self._start_seconds, self.command[-1])
        except BaseException as error:
            self.stop()
            raise ServerError(f"{' '.join(self.command)}: {error}\n{self.output()[-LOG_TAIL:]}") from error
        return self

    def _is_ready_or_ended(self) -> bool:
        status = self._running().poll()
        if status is not None:
            raise ServerError(f"ended with status {status}")
        return self._ready()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None:
            raise ServerError("not started")
        return self._child

    def output(self) -> str:
        """Everything the server has written so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def is_running(self) -> bool:
        """Say whether the server process still runs."""
        return self._child is not None and self._child.poll() is None

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the server process alone."""
        self._running().send_signal(number)

    def wait(self, seconds: float = STOP_SECONDS) -> int:
        """Wait for the server to end and return its exit status."""
        return self._running().wait(seconds)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int | None:
        """End the server and its children; None if it never ran. Harmless when it has ended already."""
        if self._child is None:
            return None
        if self._child.poll() is None:
            self._child.send_signal(number)
            try:
                self._child.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()
        self._end_children(self._child.pid)
        return self._child.returncode

    @staticmethod
    def _end_children(group: int) -> None:
        """The server leads a process group of its own, so whatever it left behind is found there."""
        try:
            os.killpg(group, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return
