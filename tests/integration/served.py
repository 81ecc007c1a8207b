"""A served application in a process of its own, and raw HTTP to talk to it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.servers.process import free_port

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60


@dataclass
class Answer:
    """A response as it came."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class Served:
    """One start of a server."""

    server: str
    directory: Path
    workers: int = 1
    threads: int = 8
    linger: float = 0.5
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self, background: str = "") -> Served:
        """Start it and wait until it answers."""
        numbers = [str(number) for number in (self.workers, self.threads, self.linger)]
        arguments = [self.server, str(self.port), str(self.directory), *numbers, background]
        command = [sys.executable, "-m", "tests.integration.serve_edge", *arguments]
        environment = os.environ | {"HTTP_X_FROM_ENVIRONMENT": "process", "PYTHONUNBUFFERED": "1"}
        with (self.directory / f"{self.server}.log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        eventually(self._answers, f"{self.server} did not start: {self.log()[-2000:]}")
        return self

    def _answers(self) -> bool:
        if self.process is not None and self.process.poll() is not None:
            raise AssertionError(f"{self.server} ended: {self.log()[-3000:]}")
        try:
            # After a crash the workers of the last start may still answer.
            return bool(self.get("/show").json["parent"] == self.pid)
        except (OSError, ValueError):
            return False

    def log(self) -> str:
        """What the server said."""
        return (self.directory / f"{self.server}.log").read_text(errors="replace")

    @property
    def pid(self) -> int:
        """The main process."""
        assert self.process is not None
        return self.process.pid

    def connect(self, timeout: float = 60) -> socket.socket:
        """A connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def raw(self, request: bytes) -> Answer:
        """Send bytes on a connection of their own and read the answer to its end."""
        with self.connect() as connection:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(request)
            return read_answer(connection)

    def get(self, path: str, *headers: str) -> Answer:
        """A GET request."""
        lines = ["GET " + path + " HTTP/1.1", f"Host: 127.0.0.1:{self.port}", "Connection: close", *headers]
        return self.raw("\r\n".join((*lines, "", "")).encode())

    def post(self, body: bytes, *headers: str) -> Answer:
        """A POST request to /show with exactly these headers besides Host."""
        lines = ["POST /show HTTP/1.1", f"Host: 127.0.0.1:{self.port}", "Connection: close", *headers]
        return self.raw("\r\n".join((*lines, "", "")).encode() + body)

    def worker_pids(self) -> set[int]:
        """The processes that answer now, as far as a few requests show."""
        return {self.get("/show").json["pid"] for _ in range(20)}

    def terminate(self) -> None:
        """Tell it to end."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        """End it with SIGTERM; its exit code."""
        assert self.process is not None
        self.terminate()
        return self.process.wait(timeout=60)

    def kill(self) -> None:
        """End it the hard way, whatever state it is in."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(timeout=60)


def read_answer(connection: socket.socket) -> Answer:
    """Read one response until the connection ends or its length is reached."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while b"\r\n\r\n" not in received and (part := connection.recv(65536)):
            received += part
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    status = int(lines[0].split(" ")[1]) if " " in lines[0] else 0
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    length = int(headers.get("content-length", 0))
    with contextlib.suppress(ConnectionResetError):
        while len(body) < length and (part := connection.recv(65536)):
            body += part
    return Answer(status, headers, body)


def eventually(condition: Callable[[], bool], message: str, seconds: float = START_SECONDS) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(message)
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@contextlib.contextmanager
def serving(server: str, directory: Path, background: str = "", **options: Any) -> Iterator[Served]:
    """A running server that is ended afterwards, whatever happened."""
    served = Served(server, directory, **options)
    try:
        yield served.start(background)
    finally:
        served.kill()
