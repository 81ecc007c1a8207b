"""Reads a request body: never more than allowed, never longer than allowed.

A server thread that waits for a slow sender is lost to everybody else. WSGI
gives no way to stop waiting, so a watch thread shuts the reading side of the
connection down when time is up; the read then ends short and the sender gets
408. When half of the threads wait, patience shrinks to two seconds.
"""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from authserver.edge.refusals import Refusal
from authserver.edge.stalled_connections import Stalled, shut_down

_log = logging.getLogger(__name__)

CLOSE = (("Connection", "close"),)

IMPATIENT_SECONDS = 2.0
WATCH_INTERVAL = 0.25
ANSWER_SECONDS = 2.0
"""How long the thread of a body that was cut off may take to answer before its connection is closed altogether."""


class Stream(Protocol):
    """What `wsgi.input` must be able to do."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; fewer only at the end."""


@dataclass(slots=True)
class _Reading:
    """A read under way. `cut_at` is when its connection, or perhaps another one of its sender, was cut off."""

    since: float
    address: str
    socket: Any
    cut_at: float | None = None


class BodyReader:
    """Reads bodies of at most `limit` bytes within `timeout` seconds, on a server with `threads` threads."""

    def __init__(self, limit: int, timeout: float, threads: int) -> None:
        self.limit = limit
        self._timeout = timeout
        self._crowd = max(2, threads // 2)
        self._readings: dict[int, _Reading] = {}
        self._watch: threading.Thread | None = None

    def read(self, environ: Mapping[str, Any]) -> bytes:
        """The body of the request, empty where there is none.

        Raises:
            Refusal: 400 for a malformed length or a short body, 408 when it took too long, 413 when it is too long.
        """
        coding = environ.get("HTTP_TRANSFER_ENCODING")
        length = environ.get("CONTENT_LENGTH")
        if coding is None:
            if not length or length == "0":
                return b""
            return self._read_exactly(environ, self._checked_length(length))
        if coding.lower() != "chunked" or length:
            text = "Transfer-Encoding must be chunked, without a Content-Length"
            raise Refusal(400, "invalid_request", text, reason="transfer_encoding_refused", spec="RFC 9112 §6.3")
        return self._read_chunked(environ)

    def _checked_length(self, text: str) -> int:
        if not (text.isascii() and text.isdecimal() and len(text) <= 18):
            text = "Content-Length must be one whole number"
            raise Refusal(400, "invalid_request", text, reason="content_length_malformed", spec="RFC 9110 §8.6")
        length = int(text)
        if length > self.limit:
            raise self._too_large()
        return length

    def _too_large(self) -> Refusal:
        return Refusal(
            413,
            "invalid_request",
            f"The body may have {self.limit} bytes",
            CLOSE,
            reason="body_too_long",
            spec="RFC 9110 §15.5.14",
            setting="max_body_bytes",
        )

    def _too_slow(self) -> Refusal:
        return Refusal(
            408,
            "invalid_request",
            f"The body took too long to arrive. It may take {self._timeout:g} seconds, and less when many are waiting",
            CLOSE,
            reason="body_too_slow",
            spec="RFC 9110 §15.5.9",
            setting="body_timeout",
        )

    def _read_exactly(self, environ: Mapping[str, Any], length: int) -> bytes:
        body, reading = self._watched(environ, length)
        if len(body) == length:
            return body
        if reading.cut_at is not None:
            raise self._too_slow()
        text = "The body is shorter than its Content-Length"
        raise Refusal(400, "invalid_request", text, reason="body_incomplete", spec="RFC 9112 §8")

    def _read_chunked(self, environ: Mapping[str, Any]) -> bytes:
        body, reading = self._watched(environ, self.limit + 1)
        if reading.cut_at is not None:
            raise self._too_slow()
        if len(body) > self.limit:
            raise self._too_large()
        return body

    def _watched(self, environ: Mapping[str, Any], size: int) -> tuple[bytes, _Reading]:
        if self._watch is None:
            self._start_watch()
        thread = threading.get_ident()
        reading = _Reading(time.monotonic(), environ.get("REMOTE_ADDR", ""), environ.get("gunicorn.socket"))
        self._readings[thread] = reading
        try:
            return _read_all(environ["wsgi.input"], size), reading
        except (OSError, ValueError) as error:
            if reading.cut_at is not None:
                return b"", reading
            raise Refusal(
                400, "invalid_request", "The body could not be read to its end", reason="body_unreadable"
            ) from error
        finally:
            del self._readings[thread]

    def _start_watch(self) -> None:
        self._watch = threading.Thread(target=_watch, args=(weakref.ref(self),), name="body-watch", daemon=True)
        self._watch.start()

    def expire(self, moment: float) -> int:
        """End the reads whose time is up at `moment` (of `time.monotonic`); how many those were."""
        waiting = list(self._readings.values())
        patience = self._timeout if len(waiting) < self._crowd else min(self._timeout, IMPATIENT_SECONDS)
        late = [reading for reading in waiting if moment - reading.since > patience]
        # Where the server hands no sockets over, a silent connection of the same sender may be cut off instead.
        senders = {reading.address for reading in late if reading.socket is None}
        stalled = _stalled(late, moment)
        for reading in waiting:
            if reading.cut_at is None and (reading in late or reading.address in senders):
                reading.cut_at = moment
        for connections in stalled:
            shut_down(connections)
        return len(late)


def _watch(reader: weakref.ref[BodyReader]) -> None:
    """Look at what is being read, for as long as somebody has the reader."""
    while (watched := reader()) is not None:
        try:
            if watched._readings:
                watched.expire(time.monotonic())
        except Exception:
            # Nobody else ends a read. What went wrong, as when no descriptors are left, may be over next time.
            _log.exception("stalled bodies could not be looked for")
        del watched
        time.sleep(WATCH_INTERVAL)


def _stalled(late: list[_Reading], moment: float) -> list[Stalled]:
    """What to look for: each connection that is known, and of each sender as many as are late."""
    known = [Stalled(it.address, moment - it.since, it.socket, again=_is_deaf(it, moment)) for it in late if it.socket]
    unknown: dict[str, list[_Reading]] = {}
    for reading in late:
        if reading.socket is None:
            unknown.setdefault(reading.address, []).append(reading)
    for address, readings in unknown.items():
        seconds = moment - max(reading.since for reading in readings)
        again = any(_is_deaf(reading, moment) for reading in readings)
        known.append(Stalled(address, seconds, None, again=again, count=len(readings)))
    return known


def _is_deaf(reading: _Reading, moment: float) -> bool:
    """Whether a read goes on although it was cut off; a busy machine needs a while to give it an answer."""
    return reading.cut_at is not None and moment - reading.cut_at > ANSWER_SECONDS


def _read_all(stream: Stream, size: int) -> bytes:
    """Up to `size` bytes; most servers give them at once, all are asked until the end."""
    body = stream.read(size)
    if len(body) == size or not body:
        return body
    parts, missing = [body], size - len(body)
    while missing > 0 and (part := stream.read(missing)):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)
