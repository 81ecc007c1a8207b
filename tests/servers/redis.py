"""A Redis server of its own for one test process; nothing is written to disk."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis

from tests.servers.process import ServerProcess, free_port


def missing() -> str | None:
    """Say what keeps Redis from running here; None when nothing does."""
    return None if shutil.which("redis-server") else "Redis is not installed (apt-get install redis-server)"


@dataclass
class Redis:
    """A running server. `process` lets a test stop, kill and start it again on the same port."""

    port: int
    process: ServerProcess

    @property
    def url(self) -> str:
        """The address in the form that settings take."""
        return f"redis://127.0.0.1:{self.port}/0"

    def clear(self) -> None:
        """Forget everything."""
        with redis.Redis.from_url(self.url) as client:
            client.flushall()


@contextmanager
def running() -> Iterator[Redis]:
    """Run a server in a temporary directory."""
    directory = Path(tempfile.mkdtemp(prefix="authserver-redis-"))
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(directory)]
    process = ServerProcess(["redis-server", *options], directory / "log", ready=lambda: _answers(port))
    try:
        with process:
            yield Redis(port, process)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _answers(port: int) -> bool:
    try:
        with redis.Redis(port=port, socket_timeout=2) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
