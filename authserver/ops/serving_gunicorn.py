"""Runs the server on gunicorn: threads in workers that were forked after the code was loaded.

`configuration` is the one source for `authserver serve --server gunicorn` and
for `gunicorn -c deploy/gunicorn.conf.py authserver.wsgi:application`.
"""

from __future__ import annotations

import logging
import signal
import ssl
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]
from gunicorn.glogging import Logger  # type: ignore[import-untyped]
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

from authserver.ops import instance_lock
from authserver.ops.background import BackgroundProcess
from authserver.ops.process_life import die_with_parent, retire_after
from authserver.ops.serving import (
    BACKLOG,
    KEEP_ALIVE_SECONDS,
    ServeOptions,
    begin_instance,
    begin_worker,
    listen,
    load_target,
    preload,
)

REQUEST_LINE, FIELD_SIZE, FIELDS = 8190, 8190, 100
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - heartbeat files, made with random names


def serve(options: ServeOptions) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        AlreadyRunning: this instance is served on this port.
        SystemExit: the end, with gunicorn's code.
    """
    _Application(options).run()


class _Application(BaseApplication):  # type: ignore[misc]
    def __init__(self, options: ServeOptions) -> None:
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        """Take the configuration over."""
        for name, value in configuration(self._options).items():
            self.cfg.set(name, value)

    def reload(self) -> None:
        """Read the configuration again."""
        if self._options.on_reload is not None:
            self._options.on_reload()
        super().reload()

    def load(self) -> Any:
        """The WSGI callable, loaded in the worker."""
        return load_target(self._options.target)


def configuration(options: ServeOptions) -> dict[str, Any]:
    """gunicorn's settings for `options`."""
    # gunicorn asks again at each reload; lock and background process are those of the start.
    instance = _instances.setdefault((options.instance_dir, options.port), _Instance(options))
    settings: dict[str, Any] = {
        "bind": [f"[{options.host}]:{options.port}" if ":" in options.host else f"{options.host}:{options.port}"],
        "backlog": BACKLOG,
        "workers": options.workers,
        "worker_class": _Worker,
        "threads": options.threads,
        "worker_connections": max(1000, options.threads * 4),
        "keepalive": KEEP_ALIVE_SECONDS,
        "graceful_timeout": options.graceful_timeout,
        "timeout": max(30, options.graceful_timeout),
        "limit_request_line": REQUEST_LINE,
        "limit_request_fields": FIELDS,
        "limit_request_field_size": FIELD_SIZE,
        # The edge alone decides whose forwarded headers count.
        "forwarded_allow_ips": "",
        "forwarder_headers": "",
        "secure_scheme_headers": {},
        "header_map": "drop",
        "proc_name": "authserver",
        "logger_class": _Logger,
        "control_socket_disable": True,
        # The code is loaded before the fork by `on_starting`; the application, with its pools, after it.
        "preload_app": False,
        "on_starting": instance.on_starting,
        "when_ready": instance.when_ready,
        "post_fork": instance.post_fork,
        "post_worker_init": _leave_ctrl_c_to_the_main_process,
        "on_exit": instance.on_exit,
    }
    if _SHARED_MEMORY.is_dir():
        settings["worker_tmp_dir"] = str(_SHARED_MEMORY)
    if options.certfile and options.keyfile:
        settings |= {"certfile": str(options.certfile), "keyfile": str(options.keyfile)} | _client_certificates(options)
    return settings


def _client_certificates(options: ServeOptions) -> dict[str, Any]:
    """Ask for a client's certificate (RFC 8705 §2); browsers and clients without one go on without."""
    if options.client_ca is None:
        return {}
    return {"ca_certs": str(options.client_ca), "cert_reqs": ssl.CERT_OPTIONAL}


class _Worker(ThreadWorker):  # type: ignore[misc]
    """A worker that lets go of the listening sockets when it is told to end, not after its last answer.

    For as long as one process has them open the system takes connections, which nobody would answer.
    """

    def set_accept_enabled(self, enabled: bool) -> None:
        """Take connections, or none for the time being; none for good in a worker that ends."""
        super().set_accept_enabled(enabled)
        if not (enabled or self.alive):
            for listener in self.sockets:
                self._take_who_waits(listener)
                listener.close()

    def _take_who_waits(self, listener: Any) -> None:
        """Take the connections that the system has taken already: closing the socket would reset them."""
        for _ in range(BACKLOG):
            known = self.nr_conns
            self.accept(listener)
            if self.nr_conns == known:
                break


def _close_all(listeners: Iterable[Any]) -> None:
    for listener in listeners:
        listener.close()


def _leave_ctrl_c_to_the_main_process(_worker: Any) -> None:
    """A terminal sends SIGINT to every process; the main process tells its workers to stop, gracefully."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class _Logger(Logger):  # type: ignore[misc]
    """gunicorn's own messages go where ours go; it writes no access log, the edge does."""

    def setup(self, cfg: Any) -> None:
        """Leave everything to the loggers above, if they lead anywhere."""
        super().setup(cfg)
        if logging.getLogger().handlers:
            self.error_log.handlers.clear()
            self.error_log.propagate = True


class _Instance:
    """gunicorn's hooks."""

    def __init__(self, options: ServeOptions) -> None:
        self._options = options
        self._lock: instance_lock.InstanceLock | None = None
        self._background: BackgroundProcess | None = None

    def on_starting(self, arbiter: Any) -> None:
        """Before anything else, in the main process."""
        # Ctrl-C means what SIGTERM means: gunicorn's own way drops what is under way. SIGQUIT still does.
        arbiter.handle_int = arbiter.handle_term
        options = self._options
        self._lock = instance_lock.acquire(options.instance_dir, options.port)
        if self._lock.after_crash:
            listen(options.host, options.port, options.graceful_timeout).close()
        preload(options)
        begin_instance(options)

    def when_ready(self, arbiter: Any) -> None:
        """The sockets are open and no worker is forked yet."""
        if self._options.background is not None:
            let_go = partial(_close_all, arbiter.LISTENERS)
            self._background = BackgroundProcess(self._options.background, self._options.graceful_timeout, let_go)
            self._background.start()

    def post_fork(self, _arbiter: Any, worker: Any) -> None:
        """In the new worker."""
        options = self._options
        die_with_parent(worker.ppid, options.graceful_timeout)
        begin_worker(options)
        if options.lifetime:
            retire_after(options.jittered_lifetime())

    def on_exit(self, _arbiter: Any) -> None:
        """At the end, in the main process."""
        if self._background is not None:
            self._background.stop()
        if self._lock is not None:
            self._lock.release()


_instances: dict[tuple[Path, int], _Instance] = {}
