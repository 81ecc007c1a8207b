"""A web server on loopback that publishes documents over https, as clients do with keys, sectors and metadata."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.servers.tls import certificate


@dataclass
class Publisher:
    """What is published by path, as (status, media type, bytes), and which paths were asked for."""

    port: int
    certfile: Path
    published: dict[str, tuple[int, str, bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def settings(self) -> dict[str, Any]:
        """Settings with which a server reaches this one."""
        return {"outbound_allow": (f"localhost:{self.port}",), "outbound_ca_bundle": self.certfile}

    def url(self, path: str) -> str:
        """The address of a path."""
        return f"https://localhost:{self.port}{path}"

    def publish(self, path: str, document: Any, *, status: int = 200, media_type: str = "application/json") -> str:
        """Put a JSON document at a path; its address."""
        self.published[path] = (status, media_type, json.dumps(document).encode())
        return self.url(path)


@contextmanager
def publishing(directory: Path) -> Iterator[Publisher]:
    """A running publisher."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            publisher.asked.append(self.path)
            status, media_type, body = publisher.published.get(self.path, (404, "text/plain", b""))
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    made = certificate(directory)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(made.certfile, made.keyfile)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    publisher = Publisher(server.server_address[1], made.certfile)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield publisher
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
