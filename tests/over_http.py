"""The server behind a real socket, for libraries that fetch what they need themselves."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen
from wsgiref.simple_server import WSGIRequestHandler, make_server

from tests.installation import Installation


class _Silent(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """The access log of the server under test is enough."""


@contextmanager
def listening(server: Installation) -> Iterator[str]:
    """The address at which the server answers while the block runs."""
    with make_server("127.0.0.1", 0, server.mounted.thin, handler_class=_Silent) as listener:  # type: ignore[arg-type]
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.server_port}"
        finally:
            listener.shutdown()
            thread.join()


def fetch(server: Installation, address: str, path: str) -> Any:
    """The JSON document at `path`, asked for by the issuer's name."""
    headers = {"Host": urlsplit(server.settings.issuer).netloc}
    with urlopen(Request(address + path, headers=headers), timeout=10) as answer:  # noqa: S310 - our own loopback address
        return json.load(answer)
