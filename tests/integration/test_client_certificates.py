"""Client certificates in the handshake of a server that ends TLS itself (RFC 8705 §2)."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from tests import certificates
from tests.certificates import Identity
from tests.integration.served import ROOT, eventually
from tests.servers import tls
from tests.servers.process import free_port

AUTHORITY = certificates.authority()


@dataclass
class TLSServer:
    """gunicorn, ending TLS with a certificate that vouches for itself."""

    port: int
    certfile: Path
    directory: Path

    def show(self, client: Identity | None = None, headers: dict[str, str] | None = None) -> Any:
        """What the application sees of a request whose connection `client` authenticated."""
        context = ssl.create_default_context(cafile=self.certfile)
        if client is not None:
            context.load_cert_chain(*client.save(self.directory, "client"))
        request = Request(f"https://127.0.0.1:{self.port}/show", headers=headers or {})
        with urlopen(request, context=context, timeout=10) as answer:  # noqa: S310
            return json.load(answer)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TLSServer]:
    directory = tmp_path_factory.mktemp("tls")
    own = tls.certificate(directory)
    ca, _ = AUTHORITY.save(directory, "authority")
    started = TLSServer(free_port(), own.certfile, directory)
    files = {"CERTFILE": own.certfile, "KEYFILE": own.keyfile, "CLIENT_CA": ca}
    environ = os.environ | {f"EDGE_TEST_{name}": str(path) for name, path in files.items()}
    command = [sys.executable, "-m", "tests.integration.serve_edge", "gunicorn", str(started.port), str(directory)]
    with (directory / "log").open("ab") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=log, stderr=log)
    try:
        eventually(lambda: answers(started), "gunicorn did not start")
        yield started
    finally:
        process.terminate()
        process.wait(timeout=30)


def answers(server: TLSServer) -> bool:
    try:
        return bool(server.show())
    except (URLError, OSError):
        return False


def test_certificate_of_the_handshake_reaches_the_request(server: TLSServer) -> None:
    client = certificates.issued(AUTHORITY)
    assert server.show(client)["certificate"] == client.field


def test_client_without_a_certificate_is_answered_too(server: TLSServer) -> None:
    assert server.show()["certificate"] is None


def test_certificate_in_a_header_is_none(server: TLSServer) -> None:
    assert server.show(headers=certificates.issued(AUTHORITY).headers)["certificate"] is None


def test_certificate_of_another_authority_ends_the_handshake(server: TLSServer) -> None:
    with pytest.raises(OSError):  # noqa: PT011 - which one depends on who notices first
        server.show(certificates.issued(certificates.authority()))
