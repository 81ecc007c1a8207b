"""The product in processes of its own, spoken to over real connections by browsers and relying parties of tests."""

from __future__ import annotations

import shutil
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from authserver import app
from authserver.protocol.messages import FORM_CONTENT_TYPE
from authserver.settings import load
from tests.installation import Answer, Installation
from tests.integration.served import is_alive
from tests.servers import authserver
from tests.servers.authserver import Instance, Server
from tests.servers.process import ServerProcess, free_port

GENEROUS = {
    f"AUTHSERVER_RATE_LIMIT_{name}": "1000000/minute"
    for name in ("TOKEN", "AUTHORIZE", "LOGIN", "INTROSPECT", "REVOKE", "USERINFO", "USER", "DEFAULT")
}
"""Limits that no walk over all routes reaches."""


@dataclass
class Remote(Installation):
    """A running server. People and clients are put straight into its database, requests go over its port."""

    instance: Instance | None = None
    source: str = ""

    def seen_from(self, source: str) -> Remote:
        """The same server, called from another address of the loopback network."""
        return replace(self, source=source)

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self.instance is not None
        return self.instance.port

    @property
    def process(self) -> ServerProcess:
        """Its main process."""
        assert self.instance is not None
        return self.instance.process

    @property
    def directory(self) -> Path:
        """Where it keeps its files; also its working directory."""
        assert self.instance is not None
        return self.instance.directory

    def workers(self) -> set[int]:
        """The processes that answer requests: those that the main thread of the main process forked."""
        return self.children(str(self.process.pid))

    def children(self, thread: str = "*") -> set[int]:
        """All processes that the main process forked, that for background work too, and that still run."""
        lists = Path(f"/proc/{self.process.pid}/task").glob(f"{thread}/children")
        return {int(pid) for listed in lists for pid in listed.read_text().split() if is_alive(int(pid))}

    def within(self, method: str, url: str, **values: Any) -> Answer:
        """The answer of the same installation mounted in this process."""
        return Installation(self.mounted, self.address).request(method, url, **values)

    def request(
        self,
        method: str,
        url: str,
        *,
        form: Any = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        through_flask: bool = False,
    ) -> Answer:
        """Send one request on a connection of its own."""
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        payload = body if body is not None else urlencode(form, doseq=True).encode() if form is not None else b""
        lines = [f"{name}: {value}" for name, value in (headers or {}).items()]
        if payload or form is not None:
            lines.append(f"Content-Length: {len(payload)}")
            if "Content-Type" not in (headers or {}):
                lines.append(f"Content-Type: {FORM_CONTENT_TYPE}")
        if not any(line.startswith("Host:") for line in lines):
            lines.append(f"Host: {urlsplit(self.settings.issuer).netloc}")
        return self.raw(method, target, *lines, body=payload)

    def raw(self, method: str, target: str, *lines: str, body: bytes = b"") -> Answer:
        """Send exactly these header lines, and read the answer to its end."""
        head = "\r\n".join((f"{method} {target} HTTP/1.1", "Connection: close", *lines, "", "")).encode("latin-1")
        with self.connect() as connection:
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(head + body)
            return read(connection)

    def connect(self) -> socket.socket:
        """A connection to it."""
        source = (self.source, 0) if self.source else None
        return socket.create_connection(("127.0.0.1", self.port), timeout=60, source_address=source)


def read(connection: socket.socket) -> Answer:
    """One answer, until its length is reached or the connection ends; the status is 0 where there is none."""
    received = b""
    while b"\r\n\r\n" not in received and (part := _received(connection)):
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = tuple((name, value.strip()) for name, _, value in (line.partition(":") for line in lines))
    answer = Answer(int(first.split(" ")[1]) if " " in first else 0, headers, body)
    length = answer.header("Content-Length")
    while (length is None or len(body) < int(length)) and (part := _received(connection)):
        body += part
    return Answer(answer.status, headers, body)


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except ConnectionResetError:
        return b""


def opened(instance: Instance) -> Remote:
    """A running instance with the same database opened in this process."""
    return Remote(app.mount(load(environ=instance.environ)), instance=instance)


@contextmanager
def serving(
    directory: Path,
    server: Server = "granian",
    values: Mapping[str, str] | None = None,
    options: Sequence[str] = (),
    *,
    template: Path | None = None,
) -> Iterator[Remote]:
    """A running server with limits that no test reaches by accident.

    Args:
        directory: where it keeps everything.
        server: which of the two servers carries it.
        values: settings as environment variables.
        options: further options of `authserver serve`.
        template: keys and database of a finished installation to begin with, which is faster than `init`.
    """
    if template is not None:
        shutil.copytree(template / "keys", directory / "keys")
        (directory / "instance").mkdir()
        shutil.copyfile(template / "authserver.db", directory / "instance" / "authserver.db")
    with authserver.running(
        directory, GENEROUS | dict(values or {}), server=server, options=options, initialise=template is None
    ) as instance:
        remote = opened(instance)
        with closing(remote.mounted.services):
            yield remote


@contextmanager
def serving_flask(directory: Path, server: Server, environ: Mapping[str, str]) -> Iterator[Instance]:
    """The Flask application of an installation, all of its routes through Flask, on the same issuer."""
    port = free_port()
    values = {**environ, "AUTHSERVER_PORT": str(port), "AUTHSERVER_SERVER": server}
    root = Path(__file__).parents[2]
    process = ServerProcess(
        [sys.executable, "-m", "tests.integration.serve_flask"],
        directory / "flask.log",
        ready=lambda: authserver.is_ready(port),
        environ=values,
        cwd=root,
    )
    with process:
        yield Instance(port, dict(values), directory, process)
