"""Which connections are cut off where the server does not say on which one a body stalls."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from authserver.edge.stalled_connections import Stalled, shut_down

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="connections are found through /proc")

SENDER = "127.0.0.77"
"""An address that no other connection of this process has."""


@pytest.fixture
def accepted() -> Iterator[list[socket.socket]]:
    """The server's side of three connections of one sender, on which something was received one after the other."""
    with ExitStack() as stack, socket.create_server(("127.0.0.1", 0)) as listening:
        found = []
        for _ in range(3):
            client = socket.create_connection(listening.getsockname(), source_address=(SENDER, 0))
            found.append(stack.enter_context(listening.accept()[0]))
            stack.enter_context(client).sendall(b"POST")
            time.sleep(0.05)
        yield found


def is_cut_off(connection: socket.socket) -> bool:
    """Whether nothing more can be received."""
    connection.setblocking(False)
    try:
        return connection.recv(100) == b"POST" and connection.recv(100) == b""
    except BlockingIOError:
        return False


@pytest.mark.parametrize("count", [1, 2])
def test_the_first_are_cut_off_and_the_last_may_wait_for_their_thread(
    accepted: list[socket.socket], count: int
) -> None:
    assert shut_down(Stalled(SENDER, 0.0, None, count=count)) == count
    assert [is_cut_off(connection) for connection in accepted] == [index < count for index in range(3)]


def test_all_are_cut_off_where_that_did_not_help(accepted: list[socket.socket]) -> None:
    assert shut_down(Stalled(SENDER, 0.0, None, again=True)) == 3
    assert all(map(is_cut_off, accepted))


def test_another_sender_and_whoever_was_answered_stay(accepted: list[socket.socket]) -> None:
    accepted[0].sendall(b"HTTP/1.1 200")
    time.sleep(0.15)
    assert shut_down(Stalled("127.0.0.78", 0.0, None, count=3)) == 0
    assert shut_down(Stalled(SENDER, 0.3, None, count=3)) == 2
    assert not is_cut_off(accepted[0])
