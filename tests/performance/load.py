"""A bounded load over keep-alive connections, in one thread, with as little work for each request as Python allows."""

from __future__ import annotations

import gc
import select
import socket
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

LENGTH = b"content-length: "
LARGEST_READ = 1 << 18
PATIENCE = 30.0


class Answer(NamedTuple):
    """One HTTP answer: status, the head as it came, the body."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: str) -> str:
        """The first header of this name, or an empty string."""
        return next(iter(self.headers(name)), "")

    def headers(self, name: str) -> list[str]:
        """Every header of this name."""
        wanted = name.lower().encode() + b":"
        lines = self.head.split(b"\r\n")[1:]
        return [line[len(wanted) :].strip().decode() for line in lines if line[: len(wanted)].lower() == wanted]


Operation = Generator[bytes, Answer, bool]
"""Yields requests, is sent their answers, and returns whether all went as it should."""


@dataclass
class Measured:
    """What the client saw. Times are seconds."""

    operations: int = 0
    errors: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    first_error: str = ""


class _Connection:
    """One connection and the operation that is under way on it."""

    def __init__(self, port: int, operations: Iterator[Operation]) -> None:
        self.port = port
        self.operations = operations
        self.operation: Operation | None = None
        self.began = 0.0
        self.buffer = b""
        self.socket = self._open()

    def _open(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def reopen(self) -> None:
        """The server closed the connection, as it may after a refusal."""
        self.socket.close()
        self.buffer = b""
        self.socket = self._open()

    def start(self) -> bool:
        """Begin the next operation; False when there is none left."""
        operation = next(self.operations, None)
        self.operation = operation
        if operation is None:
            return False
        self.began = time.perf_counter()
        self.socket.sendall(next(operation))
        return True

    def take(self) -> Answer | None:
        """Read what came; the answer when it is whole."""
        received = self.socket.recv(LARGEST_READ)
        if not received:
            raise ConnectionResetError("the server closed the connection")
        buffer = self.buffer + received if self.buffer else received
        end = buffer.find(b"\r\n\r\n")
        if end < 0 or len(buffer) < end + 4 + (length := _length(buffer, end)):
            self.buffer = buffer
            return None
        self.buffer = buffer[end + 4 + length :]
        return Answer(int(buffer[9:12]), buffer[:end], buffer[end + 4 : end + 4 + length])


def _length(buffer: bytes, end: int) -> int:
    at = buffer.find(LENGTH, 0, end)
    if at < 0:
        at = buffer[:end].lower().find(LENGTH)
    if at < 0:
        return 0
    stop = buffer.find(b"\r\n", at)
    return int(buffer[at + len(LENGTH) : stop if 0 <= stop < end else end])


def drive(port: int, operations: Callable[[int], Iterator[Operation]], *, connections: int, seconds: float) -> Measured:
    """Keep every connection busy until time or operations run out; what was begun is finished."""
    opened = [_Connection(port, operations(index)) for index in range(connections)]
    gc.collect()
    gc.disable()
    try:
        return _Drive(opened).run(seconds)
    finally:
        gc.enable()
        for connection in opened:
            connection.socket.close()


class _Drive:
    def __init__(self, connections: list[_Connection]) -> None:
        self._poll = select.epoll()
        self._connections = connections
        self._busy: dict[int, _Connection] = {}
        self._measured = Measured()
        self._deadline = 0.0

    def run(self, seconds: float) -> Measured:
        began = time.perf_counter()
        self._deadline = began + seconds
        for connection in self._connections:
            self._register(connection)
            if not connection.start():
                self._forget(connection)
        while self._busy:
            events = self._poll.poll(PATIENCE)
            if not events:
                raise TimeoutError(f"no answer within {PATIENCE:.0f} s")
            for descriptor, _ in events:
                self._advance(self._busy[descriptor])
        self._poll.close()
        self._measured.seconds = time.perf_counter() - began
        return self._measured

    def _register(self, connection: _Connection) -> None:
        self._busy[connection.socket.fileno()] = connection
        self._poll.register(connection.socket, select.EPOLLIN)

    def _forget(self, connection: _Connection) -> None:
        self._poll.unregister(connection.socket)
        del self._busy[connection.socket.fileno()]

    def _advance(self, connection: _Connection) -> None:
        answer = connection.take()
        if answer is None:
            return
        operation = connection.operation
        assert operation is not None
        try:
            following = operation.send(answer)
        except StopIteration as finished:
            self._finish(connection, answer, good=bool(finished.value))
            return
        connection.socket.sendall(following)

    def _finish(self, connection: _Connection, answer: Answer, *, good: bool) -> None:
        measured, moment = self._measured, time.perf_counter()
        measured.operations += 1
        measured.latencies.append(moment - connection.began)
        if not good:
            measured.errors += 1
            measured.first_error = measured.first_error or f"{answer.status} {answer.body[:300]!r}"
        if b"onnection: close" in answer.head:
            self._forget(connection)
            connection.reopen()
            self._register(connection)
        if moment >= self._deadline or not connection.start():
            self._forget(connection)
