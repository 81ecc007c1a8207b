"""Finds and shuts down the connection of a body that does not come.

gunicorn hands the socket over. granian does not, so it is found among the
process's own sockets: connected to the sender's address, with something
received after the last byte sent, and nothing sent since the read began. That
rules out idle connections and everything answered meanwhile. Left is a request
of the same sender whose handler has been busy for as long; it is cut off too.
"""

from __future__ import annotations

import logging
import os
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_log = logging.getLogger(__name__)
_DESCRIPTORS = Path("/proc/self/fd")
_SLACK_MILLISECONDS = 200
_CONTINUE_MILLISECONDS = 100
_TCP_INFO_LENGTH = 104
_LAST_DATA_SENT, _LAST_DATA_RECEIVED = 44, 52


@dataclass(frozen=True, slots=True)
class Stalled:
    """A body that should have come.

    Attributes:
        address: the peer's address as the server gave it.
        seconds: how long the read has lasted.
        socket: the connection itself, where the server hands it over.
        again: whether closing the reading side was tried before.
    """

    address: str
    seconds: float
    socket: socket.socket | None
    again: bool = False


def shut_down(stalled: Stalled) -> int:
    """Close the reading side, so that an answer can still go out; both sides the second time. How many were closed."""
    how = socket.SHUT_RDWR if stalled.again else socket.SHUT_RD
    if stalled.socket is not None:
        with suppress(OSError):
            stalled.socket.shutdown(how)
        return 1
    count = 0
    for connection in _silent_connections(stalled):
        with connection, suppress(OSError):
            connection.shutdown(how)
            count += 1
    _log.info("closed connections whose request body did not arrive", extra={"connections": count})
    return count


def _silent_connections(stalled: Stalled) -> Iterator[socket.socket]:
    """Copies of the descriptors of connections to the sender that nothing was sent to since the read began."""
    if not sys.platform.startswith("linux"):
        return
    least = stalled.seconds * 1000 - _SLACK_MILLISECONDS
    for entry in list(_DESCRIPTORS.iterdir()):
        with suppress(OSError):
            if not str(entry.readlink()).startswith("socket:"):
                continue
            connection = socket.socket(fileno=os.dup(int(entry.name)))
            if _is_peer(connection, stalled.address) and _owes_an_answer(connection, least):
                yield connection
            else:
                connection.close()


def _is_peer(connection: socket.socket, address: str) -> bool:
    if connection.type != socket.SOCK_STREAM or connection.family not in (socket.AF_INET, socket.AF_INET6):
        return False
    try:
        peer = str(connection.getpeername()[0])
    except OSError:
        return False
    return peer.removeprefix("::ffff:") == address.removeprefix("::ffff:")


def _owes_an_answer(connection: socket.socket, least: float) -> bool:
    """Whether nothing was sent for `least` milliseconds, and what was received came later (100 Continue aside)."""
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_LENGTH)
    (since_sent,) = struct.unpack_from("I", info, _LAST_DATA_SENT)
    (since_received,) = struct.unpack_from("I", info, _LAST_DATA_RECEIVED)
    return bool(since_sent >= least and since_received <= since_sent + _CONTINUE_MILLISECONDS)
