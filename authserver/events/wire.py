"""A socket that obeys one deadline for everything and takes in a bounded number of bytes.

A socket's own timeout starts anew with every byte, so that a peer who sends one
byte a second never reaches it. Here each call gets what is left of the whole.
"""

from __future__ import annotations

import io
import socket
import time
from types import TracebackType
from typing import Any, Self


class TimedOut(Exception):
    """The deadline has passed."""


class TooLarge(Exception):
    """More bytes came than are taken in."""


class Deadline:
    """A moment by which everything must be done. `seconds` from now."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """The seconds that are left.

        Raises:
            TimedOut: there are none.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimedOut
        return left


class Wire:
    """What `http.client` needs of a socket."""

    def __init__(self, sock: socket.socket, deadline: Deadline, max_bytes: int) -> None:
        self._sock = sock
        self._deadline = deadline
        self._max_bytes = max_bytes

    def sendall(self, data: Any) -> None:
        """Sends everything, or raises TimedOut."""
        self._sock.settimeout(self._deadline.remaining())
        try:
            self._sock.sendall(data)
        except TimeoutError as error:
            raise TimedOut from error

    def makefile(self, _mode: str) -> io.BufferedReader:
        """A reader under the same deadline."""
        return io.BufferedReader(_Reader(self._sock, self._deadline, self._max_bytes))

    def close(self) -> None:
        """Does nothing: `http.client` closes the socket before the answer is read, this object's owner after."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _tb: TracebackType | None
    ) -> None:
        self._sock.close()


class _Reader(io.RawIOBase):
    def __init__(self, sock: socket.socket, deadline: Deadline, max_bytes: int) -> None:
        self._sock = sock
        self._deadline = deadline
        self._left = max_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(self._deadline.remaining())
        try:
            count = self._sock.recv_into(buffer)
        except TimeoutError as error:
            raise TimedOut from error
        self._left -= count
        if self._left < 0:
            raise TooLarge
        return count
