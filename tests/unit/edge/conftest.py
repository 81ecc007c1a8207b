"""Parts that most tests of the edge need."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest

from authserver.edge.refusals import Refusals
from authserver.edge.routes import Route, Routes
from authserver.protocol.messages import Request, Response


def echo(request: Request) -> Response:
    """An answer that shows what arrived."""
    return Response(200, (("Content-Type", "text/plain"),), request.path.encode() + b" " + request.body)


@pytest.fixture
def routes() -> Routes:
    return Routes(
        [
            Route(("GET",), "/health/live", echo, limit="", any_host=True),
            Route(("POST",), "/oauth2/token", echo, cors="client", limit="token"),
            Route(("POST",), "/oauth2/introspect", echo, limit="introspect"),
            Route(("GET",), "/.well-known/jwks.json", echo, cors="public", limit="metadata", compressible=True),
            Route(("GET", "POST"), "/login", echo, kind="page", limit="login"),
            Route(("GET",), "/api/v1/users", echo, cors="application"),
            Route(("GET",), "/static/", echo, kind="asset", compressible=True, prefix=True),
        ]
    )


@pytest.fixture
def refusals(routes: Routes) -> Refusals:
    return Refusals(routes.kind_of)


@pytest.fixture
def environ() -> Callable[..., dict[str, Any]]:
    """A WSGI environ; keyword arguments win, a `body` becomes the input."""

    def make(body: bytes = b"", **overrides: Any) -> dict[str, Any]:
        made: dict[str, Any] = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": "/oauth2/token",
            "QUERY_STRING": "",
            "REMOTE_ADDR": "192.0.2.7",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "HTTP_HOST": "id.example",
        }
        if body:
            made["CONTENT_LENGTH"] = str(len(body))
        return made | overrides

    return make
