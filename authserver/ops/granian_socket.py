"""The socket on which all of granian's workers listen, and how one process lets go of it.

For as long as one process has it open the system takes connections, so when the
server ends each process lets go by itself; when a worker is replaced, that
worker alone. granian knows no such step. Shutting the socket down for all of
them would not do: granian asks a socket that was shut down for connections,
again and again, and listens to nothing else meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

_DESCRIPTORS = Path("/proc/self/fd")
_NOTHING = Path(os.devnull)


class SharedSocket:
    """A listening socket and the second descriptor under which granian knows it."""

    def __init__(self, listening: socket.socket) -> None:
        self.listening = listening
        self.accepting = os.dup(listening.fileno())

    def let_go(self) -> None:
        """Take no more connections in this process, and have it closed once every process has said so."""
        self.listening.close()
        with _NOTHING.open("rb") as nothing:
            if sys.platform.startswith("linux"):
                self._leave_pollers()
            # Nothing comes between these two: a connection that the system takes here is lost.
            # The number stays in use, because granian closes it at the end, whatever it stands for by then.
            os.dup2(nothing.fileno(), self.accepting)

    def _leave_pollers(self) -> None:
        """A poller goes on with a socket that another process has open, unless told otherwise (epoll(7))."""
        for poller in list(_pollers()):
            with contextlib.suppress(OSError):  # a poller of something else
                _unregister(poller, self.accepting)


def _pollers() -> Iterator[int]:
    """The descriptors of this process that are pollers."""
    for entry in _DESCRIPTORS.iterdir():
        with contextlib.suppress(OSError):  # closed meanwhile
            if os.fspath(entry.readlink()) == "anon_inode:[eventpoll]":
                yield int(entry.name)


def _unregister(poller: int, watched: int) -> None:
    # A copy: the object closes what it was given.
    with select.epoll.fromfd(os.dup(poller)) as poll:
        poll.unregister(watched)
