"""A suite that knows as much as the runner asks for, on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

NEVER = "never"
"""A module of this name does not end."""
ROTATION = "oidcc-server-rotate-keys"


@dataclass
class FakeSuite:
    """Modules end at once with the results that a test chose; `running` and `most` count those that run together."""

    results: dict[str, str] = field(default_factory=dict)
    logs: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    modules: list[str] = field(default_factory=list)
    plans: list[dict[str, Any]] = field(default_factory=list)
    started: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    url: str = ""
    lock: Lock = field(default_factory=Lock)

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        """The answer to one request of the API."""
        kind, _, name = path.removeprefix("/api/").partition("/")
        handler = getattr(self, f"{method.lower()}_{kind}", None)
        return (404, {"error": path}) if handler is None else handler(name, query, body)

    def get_server(self, *_: Any) -> tuple[int, Any]:
        return 200, {"version": "5.9"}

    def post_plan(self, _: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        self.plans.append({"name": query["planName"], "variant": json.loads(query["variant"]), "config": body})
        return 201, {"id": f"plan{len(self.plans)}", "modules": [{"testModule": name} for name in self.modules]}

    def post_runner(self, name: str, query: dict[str, str], _: Any) -> tuple[int, Any]:
        with self.lock:
            self.started.append(name or query["test"])
        return 201, {"id": f"{query['test']}"} if not name else None

    def get_runner(self, *_: Any) -> tuple[int, Any]:
        return 200, {"browser": {"urls": ["https://op.example/lost"]}}

    def delete_runner(self, name: str, *_: Any) -> tuple[int, Any]:
        self.stopped.append(name)
        return 200, None

    def get_info(self, name: str, *_: Any) -> tuple[int, Any]:
        waits = name == ROTATION and self.started.count(ROTATION) == 1
        status = "RUNNING" if name == NEVER else "CONFIGURED" if waits else "FINISHED"
        return 200, {"status": status, "result": self.results.get(name, "PASSED")}

    def get_log(self, name: str, *_: Any) -> tuple[int, Any]:
        return 200, self.logs.get(name, [])


@contextmanager
def running(suite: FakeSuite) -> Iterator[FakeSuite]:
    """Serve the fake for as long as the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            parts = urlsplit(self.path)
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            suite.tokens.add(self.headers.get("Authorization", ""))
            status, found = suite.answer(self.command, parts.path, query, json.loads(content) if content else None)
            body = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_DELETE = answer  # noqa: N815 - the names of the base class

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    suite.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield suite
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
