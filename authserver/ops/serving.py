"""What both HTTP servers are told, and what they have in common."""

from __future__ import annotations

import gc
import importlib
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from random import uniform
from threading import Event
from typing import Any

from authserver.ops import memory
from authserver.telemetry import instruments, slots

TARGET = "authserver.wsgi:application"
PRELOADED = ("authserver.app",)
BACKLOG = 1024
KEEP_ALIVE_SECONDS = 75
SHORTEST_LIFETIME = 60
METRICS_DIRECTORY = "metrics"

Background = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """How to serve. Times are seconds.

    Attributes:
        client_ca: authorities whose certificates clients are asked for in the handshake; gunicorn alone can ask.
        lifetime: the age at which a worker is replaced, give or take a tenth; 0 for never.
        graceful_timeout: how long a stopping worker may finish what it has.
        linger: how long a stopping worker still takes requests on the connections it has. A request that was on its
            way when the worker was told to stop would else be lost. gunicorn has a time of its own.
        background: work for one process beside the workers, until its event is set.
        on_reload: called in the main process when it is told to reload, before it replaces its workers.
        preloaded: modules imported before the workers are forked, so that they share the memory.
        rehearsal: builds the server and lets it go, before the workers are forked. What Python and the libraries
            prepare at first use is then prepared once, in memory that the workers share.
    """

    host: str
    port: int
    instance_dir: Path
    workers: int = 1
    threads: int = 64
    certfile: Path | None = None
    keyfile: Path | None = None
    client_ca: Path | None = None
    lifetime: int = 0
    graceful_timeout: int = 30
    linger: float = 0.5
    background: Background | None = None
    on_reload: Callable[[], None] | None = None
    target: str = TARGET
    preloaded: Sequence[str] = PRELOADED
    rehearsal: Callable[[], None] | None = None

    @property
    def metrics_directory(self) -> Path:
        """Where the processes of this instance share their numbers."""
        return self.instance_dir / METRICS_DIRECTORY

    def jittered_lifetime(self) -> int:
        """A lifetime of its own for each server or worker, so that they are not all replaced at once."""
        return max(SHORTEST_LIFETIME, int(self.lifetime * uniform(0.9, 1.1)))  # noqa: S311 - jitter, not a secret


def preload(options: ServeOptions) -> None:
    """Import and rehearse before the fork and keep the collector off what is there, so that workers share its pages.

    Nothing that was built stays: connections, threads and pools must start after the fork.
    """
    gc.disable()
    for name in options.preloaded:
        if find_spec(name) is not None:
            importlib.import_module(name)
    if options.rehearsal is not None:
        options.rehearsal()
    gc.enable()
    gc.collect()
    gc.freeze()


def load_target(target: str) -> Any:
    """The object that `module:name` names."""
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)


def begin_instance(options: ServeOptions) -> None:
    """What happens once, before the first worker starts."""
    options.metrics_directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    slots.clean(options.metrics_directory)


def begin_worker(options: ServeOptions) -> None:
    """What happens in each worker, after the fork."""
    memory.give_back()
    instruments.share(options.metrics_directory)


def listen(host: str, port: int, patience: float = 0.0) -> socket.socket:
    """A listening socket that no other process shares; waits up to `patience` seconds for the port to become free.

    Raises:
        OSError: the address cannot be had.
    """
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    deadline = time.monotonic() + patience
    while True:
        try:
            return socket.create_server(address[:2], family=family, backlog=BACKLOG)
        except OSError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.1)
