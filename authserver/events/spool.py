"""Events that have no transaction: one line per event, appended to a file of this process.

The line is written before the answer leaves. It is one `write` of a whole line
to a file opened with O_APPEND, without a buffer of ours, so it survives the
death of the process at any instruction. It is handed to the kernel, not forced
to the disk: a power failure may lose the last seconds, as it would lose the
answers. `fsync=True` forces every line, at the price of a disk flush a token.

A process holds a shared lock on its file for as long as it may write to it;
`intake` deletes a file only when nobody holds it, so a dead process's last
lines are taken in like all others.
"""

from __future__ import annotations

import fcntl
import os
import threading
import weakref
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Final

import orjson

from authserver.crypto.sealing import Sealer
from authserver.events.envelope import Envelope, enclose
from authserver.events.event import Event, canonical
from authserver.events.measures import measure
from authserver.protocol.identifiers import new_id

MAX_LINE: Final = 65_536
"""Bytes of one line. A usual one has 700; only a client with thousands of scopes comes near."""

MAX_FILE: Final = 4 * 1024 * 1024
"""Bytes after which a process starts another file, so that intake can delete the old one."""

SUFFIX: Final = ".spool"


class SpoolUnavailable(OSError):
    """The event could not be written, so what it tells must not happen: the request is refused."""


class Spool:
    """The spool files of this process in `directory`, which is made readable by its owner alone."""

    def __init__(self, directory: Path, sealer: Sealer, *, max_file: int = MAX_FILE, fsync: bool = False) -> None:
        self._directory = directory
        self._sealer = sealer
        self._max_file = max_file
        self._fsync = fsync
        self._lock = threading.Lock()
        self._descriptor: int | None = None
        self._size = 0
        _SPOOLS.add(self)

    def append(self, event: Event) -> None:
        """Writes `event` to the file; when this returns, the worker will find it.

        Raises:
            SpoolUnavailable: the disk is full or not writable; nothing was recorded.
        """
        line = line_of(enclose(event, self._sealer))
        if len(line) > MAX_LINE:
            raise SpoolUnavailable(f"an event of {len(line)} bytes is longer than a spool line may be")
        with self._lock:
            try:
                self._write(line)
            except OSError as error:
                self._close()
                raise SpoolUnavailable(*error.args) from error
        measure(event)

    def close(self) -> None:
        """Releases the file, so that intake can delete it once it is read."""
        with self._lock:
            self._close()

    def _write(self, line: bytes) -> None:
        if self._descriptor is None or self._size + len(line) > self._max_file:
            self._close()
            self._descriptor = self._open()
            self._size = 0
        written = os.write(self._descriptor, line)
        if written != len(line):
            # A full disk takes part of a line. The event was not recorded, so its beginning goes again.
            os.ftruncate(self._descriptor, self._size)
            raise SpoolUnavailable(f"{written} of {len(line)} bytes written")
        self._size += written
        if self._fsync:
            os.fsync(self._descriptor)

    def _open(self) -> int:
        return open_held(self._directory, lambda: f"{new_id()}.{os.getpid()}{SUFFIX}", os.O_WRONLY | os.O_APPEND)

    def _close(self) -> None:
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)

    def _after_fork(self) -> None:
        # The lock belongs to the open file, which parent and child share: a child that kept it
        # would keep the parent's file from ever being deleted, and two processes would write to it.
        self._lock = threading.Lock()
        self._close()


_SPOOLS: weakref.WeakSet[Spool] = weakref.WeakSet()


def _forked() -> None:
    for spool in _SPOOLS:
        spool._after_fork()


os.register_at_fork(after_in_child=_forked)


def open_held(directory: Path, new_name: Callable[[], str], flags: int) -> int:
    """A descriptor of a new file in `directory` that is held, so that intake leaves it to its process.

    Raises:
        OSError: it cannot be made.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    while True:
        descriptor = os.open(directory / new_name(), flags | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            if os.fstat(descriptor).st_nlink:
                return descriptor
        except OSError:
            os.close(descriptor)
            raise
        # Intake saw the file before it was held, took it for a dead process's and deleted it.
        os.close(descriptor)


def line_of(envelope: Envelope) -> bytes:
    """An envelope as one line: `[event id, record, sealed part or null]`."""
    sealed = None if envelope.sealed is None else b64encode(envelope.sealed).decode()
    return orjson.dumps([envelope.event_id, orjson.Fragment(envelope.record), sealed]) + b"\n"


def envelope_of(line: bytes) -> Envelope:
    """The envelope that `line_of` wrote.

    Raises:
        ValueError: the line is damaged.
    """
    match orjson.loads(line):
        case [str(event_id), {"id": str(inner), "type": str(), "time": str()} as record, None | str() as sealed] if (
            event_id == inner
        ):
            return Envelope(event_id, canonical(record).decode(), b64decode(sealed, validate=True) if sealed else None)
    raise ValueError("not a spool line")
