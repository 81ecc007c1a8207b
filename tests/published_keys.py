"""A client's own web server, which publishes its keys on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

REACHABLE: dict[str, Any] = {"outbound_allow": ("127.0.0.1",)}
"""Settings of a server that may fetch them."""


class KeyServer(ThreadingHTTPServer):
    """Answers with `document` and `status`, and counts who asks."""

    def __init__(self, document: Any) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.document = document
        self.status = 200
        self.asked = 0

    @property
    def uri(self) -> str:
        """The address of the keys."""
        return f"http://127.0.0.1:{self.server_port}/jwks.json"


class _Handler(BaseHTTPRequestHandler):
    server: KeyServer

    def do_GET(self) -> None:
        self.server.asked += 1
        document = self.server.document
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


@contextmanager
def published(document: Any) -> Iterator[KeyServer]:
    """A running server of keys."""
    with KeyServer(document) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
