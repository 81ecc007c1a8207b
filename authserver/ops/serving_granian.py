"""Runs the server on granian.

granian is told to do what it leaves open: replace a worker that was killed,
have workers that end with their parent, listen on one socket that all workers
share (with a socket each, connections that wait for a replaced worker are
reset), and hand over requests without a copy of the process environment.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from multiprocessing import connection
from typing import Any, cast

from granian import _granian
from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import mp
from granian.server.mp import MPServer, WorkerProcess

from authserver.ops import instance_lock
from authserver.ops.background import BackgroundProcess
from authserver.ops.granian_signals import Signals
from authserver.ops.granian_socket import SharedSocket
from authserver.ops.process_life import die_with_parent
from authserver.ops.serving import BACKLOG, ServeOptions, begin_instance, begin_worker, listen, load_target, preload
from authserver.protocol import limits
from authserver.telemetry.logs import get_logger

_log = get_logger(__name__)

TOLERATED_DEATHS, DEATHS_WITHIN = 10, 60.0
HEADER_READ_MILLISECONDS = 10_000
REAPED_WITHIN = 5.0
# One logger tree for everything: granian's own messages go where ours go.
_LOGGING: dict[str, Any] = {
    "formatters": {},
    "handlers": {},
    "loggers": {"_granian": {"level": "INFO", "propagate": True}, "granian.access": {"level": "WARNING"}},
}
_MISLEADING = ("Configuration allows spawning", "Workers respawn is configured", "Configured number of workers")


_granian_mp: Any = mp
_wrapped_by_granian = _granian_mp._wsgi_call_wrap


class _Server(MPServer):
    """granian's server with one listening socket for all workers."""

    shared: SharedSocket
    _deaths: list[float]
    _ssp: Any
    _shd: Any
    _sfd: Any

    def _init_shared_socket(self) -> None:
        self._ssp = None
        self._sso = self.shared.listening
        self._sfd = self.shared.listening.fileno()
        holder: Any = _granian.SocketHolder
        self._shd = holder(self.shared.accepting, False, BACKLOG)

    def _stop_workers(self) -> None:
        """The end: this process starts no worker any more."""
        self.shared.let_go()
        super()._stop_workers()  # type: ignore[no-untyped-call]

    def _spawn_worker(self, *args: Any, **kwargs: Any) -> WorkerProcess:
        worker: Any = super()._spawn_worker(*args, **kwargs)
        worker.join = partial(_join, worker)
        return cast("WorkerProcess", worker)

    def _respawn_workers(self, workers: Any, spawn_target: Any, target_loader: Any, delay: float = 0) -> None:
        """Replace workers; single deaths, however close, do not end the server, only a crash loop does."""
        super()._respawn_workers(workers, spawn_target, target_loader, delay)
        moment = time.monotonic()
        self._deaths = [death for death in self._deaths if moment - death < DEATHS_WITHIN] + [moment]
        if len(self._deaths) < TOLERATED_DEATHS:
            self.respawned_wrks.clear()


def _join(worker: Any, timeout: float | None = None) -> None:
    """Wait until a worker ended and is known to have ended.

    granian waits for it in a second thread too. Of two waits one hears how the process ended, and until that one has
    said so the other takes it for alive: granian would kill it, or whoever has its number by then.
    """
    worker.inner.join(timeout)
    ended = connection.wait([worker.inner.sentinel], timeout=0)
    moment = time.monotonic()
    while ended and worker.is_alive() and time.monotonic() - moment < REAPED_WITHIN:
        time.sleep(0.001)


def serve(options: ServeOptions) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        AlreadyRunning: this instance is served on this port.
        OSError: the address cannot be had.
        SystemExit: workers cannot start.
    """
    lock = instance_lock.acquire(options.instance_dir, options.port)
    background: BackgroundProcess | None = None
    try:
        listening = listen(options.host, options.port, options.graceful_timeout if lock.after_crash else 0)
        shared = SharedSocket(listening)
        signals = Signals(shared, options.linger)
        with signals.held():
            preload(options)
            begin_instance(options)
            if options.background is not None:
                background = BackgroundProcess(options.background, options.graceful_timeout, shared.let_go)
                background.start()
            _server(options, shared).serve(
                spawn_target=_spawner(options, signals),
                target_loader=lambda: load_target(options.target),
                wrap_loader=False,
            )
    finally:
        if background is not None:
            background.stop()
        lock.release()


def _server(options: ServeOptions, shared: SharedSocket) -> _Server:
    server = _Server(
        options.target,
        address=options.host,
        port=options.port,
        interface=Interfaces.WSGI,
        workers=options.workers,
        blocking_threads=options.threads,
        backlog=BACKLOG,
        backpressure=max(options.threads * 2, 128),
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(
            header_read_timeout=HEADER_READ_MILLISECONDS,
            max_buffer_size=limits.HEADERS_BYTES * 2,
        ),
        websockets=False,
        log_dictconfig=_LOGGING,
        log_level=LogLevels.info,
        ssl_cert=options.certfile,
        ssl_key=options.keyfile,
        ssl_protocol_min=SSLProtocols.tls12,
        respawn_failed_workers=True,
        workers_lifetime=options.jittered_lifetime() if options.lifetime else None,
        workers_kill_timeout=options.graceful_timeout,
    )
    server.shared = shared
    server._deaths = []
    if options.on_reload is not None:
        server.on_reload(options.on_reload)
    _quieten()
    return server


def _quieten() -> None:
    """Leave out advice that does not hold here: threads wait for slow senders, and the socket is shared."""
    logger = _granian_mp.logger
    logger.handlers.clear()
    logger.addFilter(lambda record: not record.getMessage().startswith(_MISLEADING))


def _spawner(options: ServeOptions, signals: Signals) -> Callable[..., None]:
    """What granian runs in each worker process."""
    parent = os.getpid()

    def spawn(*args: Any, **kwargs: Any) -> None:
        die_with_parent(parent, options.graceful_timeout)
        begin_worker(options)
        _granian_mp._wsgi_call_wrap = partial(_direct, signals)
        # The target itself, without the wrapping that this function already has.
        serve_requests: Any = MPServer._spawn_wsgi_worker
        serve_requests.__wrapped__(*args, **kwargs)

    wrapped: Callable[..., None] = WorkerProcess.wrap_target(spawn)  # type: ignore[no-untyped-call]
    return wrapped


def _direct(
    signals: Signals, callback: Any, scope_opts: dict[str, Any], access_log_fmt: str | None = None
) -> Callable[..., int]:
    """Call the edge directly, with the request's own keys alone; granian would add the process environment."""
    exchange = getattr(callback, "exchange", None)
    if exchange is None:
        wrapped: Callable[..., int] = _wrapped_by_granian(callback, scope_opts, access_log_fmt)
        return wrapped

    def run(protocol: Any, environ: dict[str, Any]) -> int:
        status, headers, body = exchange(environ)
        if signals.is_ending:
            # The client is told to come back on another connection (RFC 9112 §9.6).
            headers.append(("Connection", "close"))
        protocol.response_bytes(status, headers, body)
        return int(status)

    return run
