"""Finds and shuts down the connection of a body that does not come.

gunicorn hands the socket over. granian does not, so it is found among the
process's own sockets: connected to the sender's address, with something
received after the last byte sent, and nothing sent since the read began. That
rules out idle connections and everything answered meanwhile. Left are requests
of the same sender that have waited for as long. Those that came last wait for a
thread that the first ones hold, so of the connections that are left the first
are cut off, as many as are stalled; all of them only where that did not help.
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
from operator import itemgetter
from pathlib import Path

_log = logging.getLogger(__name__)
_DESCRIPTORS = Path("/proc/self/fd")
_SLACK_MILLISECONDS = 200
_CONTINUE_MILLISECONDS = 100
_TCP_INFO_LENGTH = 104
_LAST_DATA_SENT, _LAST_DATA_RECEIVED = 44, 52


@dataclass(frozen=True, slots=True)
class Stalled:
    """Bodies of one sender that should have come.

    Attributes:
        address: the peer's address as the server gave it.
        seconds: how long the reads have lasted, at least.
        socket: the connection itself, where the server hands it over.
        again: whether closing the reading side was tried before.
        count: how many bodies.
    """

    address: str
    seconds: float
    socket: socket.socket | None
    again: bool = False
    count: int = 1


def shut_down(stalled: Stalled) -> int:
    """Close the reading side, so that an answer can still go out; both sides the second time. How many were closed."""
    how = socket.SHUT_RDWR if stalled.again else socket.SHUT_RD
    if stalled.socket is not None:
        with suppress(OSError):
            stalled.socket.shutdown(how)
        return 1
    silent = sorted(_silent_connections(stalled), key=itemgetter(0), reverse=True)
    chosen = len(silent) if stalled.again else stalled.count
    for index, (_, connection) in enumerate(silent):
        with connection, suppress(OSError):
            if index < chosen:
                connection.shutdown(how)
    count = min(chosen, len(silent))
    _log.info("closed connections whose request body did not arrive", extra={"connections": count})
    return count


def _silent_connections(stalled: Stalled) -> Iterator[tuple[int, socket.socket]]:
    """Copies of the descriptors of connections to the sender that nothing was sent to since the read began.

    Each with the milliseconds since something was received on it.
    """
    if not sys.platform.startswith("linux"):
        return
    least = stalled.seconds * 1000 - _SLACK_MILLISECONDS
    seen: set[str] = set()
    for entry in list(_DESCRIPTORS.iterdir()):
        with suppress(OSError):
            target = str(entry.readlink())
            # A copy that was made here may have the number of a descriptor that was listed and is closed by now.
            if not target.startswith("socket:") or target in seen:
                continue
            seen.add(target)
            connection = socket.socket(fileno=os.dup(int(entry.name)))
            since_received = _silence(connection, least) if _is_peer(connection, stalled.address) else None
            if since_received is None:
                connection.close()
            else:
                yield since_received, connection


def _is_peer(connection: socket.socket, address: str) -> bool:
    if connection.type != socket.SOCK_STREAM or connection.family not in (socket.AF_INET, socket.AF_INET6):
        return False
    try:
        peer = str(connection.getpeername()[0])
    except OSError:
        return False
    return peer.removeprefix("::ffff:") == address.removeprefix("::ffff:")


def _silence(connection: socket.socket, least: float) -> int | None:
    """Milliseconds since something was received, if nothing was sent for `least` and what was received came later.

    100 Continue aside, that is a connection that owes an answer.
    """
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_LENGTH)
    since_sent: int = struct.unpack_from("I", info, _LAST_DATA_SENT)[0]
    since_received: int = struct.unpack_from("I", info, _LAST_DATA_RECEIVED)[0]
    if since_sent >= least and since_received <= since_sent + _CONTINUE_MILLISECONDS:
        return since_received
    return None
