"""Wraps a WSGI application, such as Flask's, as a handler, so that one chain surrounds everything.

The application gets an environ made from the checked request: nothing of the
server's own environ, no forwarded headers, no process environment.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable
from typing import Any

from authserver.protocol.messages import Request, Response

CORRELATION_ID = "authserver.correlation_id"
REQUEST = "authserver.request"

WSGIApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_UNPREFIXED = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


class WSGIHandler:
    """The handler. The request itself is in the environ under `authserver.request`."""

    def __init__(self, wsgi_application: WSGIApplication) -> None:
        self._application = wsgi_application

    def __call__(self, request: Request) -> Response:
        """Run the application and collect its answer."""
        answer = _Answer()
        chunks = self._application(environ_of(request), answer.start)
        try:
            body = b"".join(chunks)
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()
        fields = tuple(field for field in answer.headers if field[0].lower() != "content-length")
        return Response(answer.status, fields, answer.written + body)


class _Answer:
    """What the application says through `start_response`."""

    def __init__(self) -> None:
        self.status = 500
        self.headers: list[tuple[str, str]] = []
        self.written = b""

    def start(self, status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> Callable[[bytes], None]:
        """Remember status and headers; a second call after an error replaces the first (PEP 3333)."""
        self.status = int(status[:3])
        self.headers = headers
        return self._write

    def _write(self, data: bytes) -> None:
        self.written += data


def environ_of(request: Request) -> dict[str, Any]:
    """The WSGI environ of a request."""
    name, _, port = request.host.partition(":") if not request.host.startswith("[") else _split_bracketed(request.host)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": request.path.encode().decode("latin-1"),
        "QUERY_STRING": request.query_string,
        "REMOTE_ADDR": request.remote_address,
        "SERVER_NAME": name or "localhost",
        "SERVER_PORT": port or _DEFAULT_PORTS.get(request.scheme, "80"),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": request.scheme,
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        CORRELATION_ID: request.correlation_id,
        REQUEST: request,
    }
    for header, value in request.headers.items():
        environ[_UNPREFIXED.get(header) or "HTTP_" + header.upper().replace("-", "_")] = value
    environ["CONTENT_LENGTH"] = str(len(request.body))
    return environ


def _split_bracketed(host: str) -> tuple[str, str, str]:
    address, _, rest = host.partition("]")
    return address + "]", "]", rest.removeprefix(":")
