"""A relying party's back-channel logout endpoint, on loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs


@dataclass
class Receiver:
    """What arrived, and how the next ones are answered: `statuses` in turn, then 200; 0 hangs up without an answer.

    While `held` is set a request is taken in and not answered.
    """

    uri: str
    statuses: list[int] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    content_types: list[str] = field(default_factory=list)
    held: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    @property
    def tokens(self) -> list[str]:
        """The logout tokens, in the order in which they came."""
        return [token for body in self.bodies for token in parse_qs(body)["logout_token"]]

    def wait(self, seconds: float = 30) -> None:
        """Until one more has arrived."""
        assert self.arrived.acquire(timeout=seconds), "no logout token arrived"

    def take(self, body: str, content_type: str) -> int:
        """Note what arrived; how it is answered."""
        self.bodies.append(body)
        self.content_types.append(content_type)
        status = self.statuses.pop(0) if self.statuses else 200
        self.arrived.release()
        if self.held.is_set():
            self.released.wait(30)
        return status


@contextmanager
def receiving(*statuses: int) -> Iterator[Receiver]:
    """A receiver that listens."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            status = receiver.take(body, self.headers["Content-Type"])
            if not status:
                return
            try:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()
            except OSError:
                return  # the sender was killed meanwhile

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        receiver = Receiver(f"http://127.0.0.1:{listening.server_port}/logout", list(statuses))
        thread = threading.Thread(target=listening.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield receiver
        finally:
            receiver.released.set()
            listening.shutdown()
            thread.join()
