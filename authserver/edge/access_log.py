"""One line for each answered request: what was asked, the answer, how long it took. Never a query or a body.

Lines are collected and written five times a second, because a write for every
request would cost more than many answers do. They hold names, numbers and ids
only; a path that is not in the table goes through the redaction first.
"""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from multiprocessing.util import Finalize
from typing import Any

import orjson

from authserver.edge.chain import Handler
from authserver.edge.routes import Route
from authserver.protocol.messages import Request, Response
from authserver.telemetry import context
from authserver.telemetry.logs import JSONFormatter, get_logger, write_access
from authserver.telemetry.redaction import redact_text

FLUSH_SECONDS = 0.2
PATH_KEPT = 200
"""Characters of a path that is not in the table; what a stranger makes up is not worth more."""
NOTED = ("client_id", "user_id", "session_id", "reference")
"""What is taken over from the notes of the request (`telemetry.context.note`)."""

_log = get_logger("authserver.access")


class AccessLog:
    """The link; `find` gives the row of a path."""

    def __init__(self, find: Callable[[str], Route | None]) -> None:
        self._find = find
        # Threads add to it while the writer takes from it.
        self._lines: deque[bytes] = deque()
        self._writer: threading.Thread | None = None
        self._lock = threading.Lock()

    def __call__(self, request: Request, next_: Handler) -> Response:
        """Note the line after the answer is made."""
        if not _log.isEnabledFor(logging.INFO):
            return next_(request)
        began = time.perf_counter()
        response = next_(request)
        self._note(request, response, time.perf_counter() - began)
        return response

    def _note(self, request: Request, response: Response, seconds: float) -> None:
        path = request.path
        fields: dict[str, Any] = {
            "method": request.method,
            "path": path if self._find(path) is not None else redact_text(path[:PATH_KEPT]),
            "status": response.status,
            "milliseconds": round(seconds * 1000, 2),
            "bytes": len(response.body),
            "address": request.remote_address,
        }
        if json_handler() is None:
            write_access(_log, fields)
            return
        moment = time.time()
        line = {
            "timestamp": f"{_second(int(moment))}.{int(moment % 1 * 1000):03d}Z",
            "level": "info",
            "logger": _log.name,
            "message": "request",
            "correlation_id": request.correlation_id,
        }
        notes = context.current().notes
        if notes:
            fields |= {name: notes[name] for name in NOTED if name in notes}
        self._lines.append(orjson.dumps(line | fields, option=orjson.OPT_APPEND_NEWLINE))
        if self._writer is None:
            self._start()

    def _start(self) -> None:
        """Start writing in this process: threads do not survive a fork, so not before its first request."""
        with self._lock:
            if self._writer is None:
                known = weakref.ref(self)
                self._writer = threading.Thread(target=_write, args=(known,), name="access-log", daemon=True)
                self._writer.start()
                # Runs when nobody has this log any more, and at the end of worker processes too,
                # which do not run `atexit`. So it holds the lines and not what collects them.
                Finalize(self, _write_out, args=(self._lines,), exitpriority=10)

    def flush(self) -> None:
        """Write what has been collected."""
        _write_out(self._lines)


def _write_out(lines: deque[bytes]) -> None:
    """Write what has been collected, and nothing twice; what cannot be written is dropped."""
    handler = json_handler()
    taken = []
    with suppress(IndexError):
        while True:
            taken.append(lines.popleft())
    if not taken or handler is None:
        return
    handler.acquire()
    # A full disk or a closed pipe may be over next time, and the writer must still be there then.
    try:
        with suppress(OSError, ValueError):
            handler.stream.write(b"".join(taken).decode())
            handler.flush()
    finally:
        handler.release()


def _write(known: weakref.ref[AccessLog]) -> None:
    """Write again and again, for as long as somebody has this log."""
    while (access_log := known()) is not None:
        access_log.flush()
        del access_log
        time.sleep(FLUSH_SECONDS)


def json_handler() -> logging.StreamHandler[Any] | None:
    """Where lines of JSON go, if that is how this process logs."""
    for handler in logging.root.handlers:
        if isinstance(handler, logging.StreamHandler) and isinstance(handler.formatter, JSONFormatter):
            return handler
    return None


@lru_cache(maxsize=2)
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
