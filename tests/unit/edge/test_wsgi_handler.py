"""A WSGI application inside the chain."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from authserver.edge.wsgi_handler import CORRELATION_ID, REQUEST, WSGIHandler, environ_of
from authserver.protocol.messages import Request

REQUESTED = Request(
    "POST",
    "/lögin",
    "a=b",
    headers={"host": "id.example:8443", "content-type": "text/plain", "x-test": "1"},
    body=b"body",
    remote_address="192.0.2.1",
    scheme="https",
    host="id.example:8443",
    correlation_id="ref-1",
)


def test_the_environ_is_that_of_the_checked_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_X_EVIL", "1")
    environ = environ_of(REQUESTED)
    assert environ["PATH_INFO"].encode("latin-1").decode() == "/lögin"
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == ("id.example", "8443")
    assert (environ["CONTENT_TYPE"], environ["CONTENT_LENGTH"]) == ("text/plain", "4")
    assert environ["wsgi.input"].read() == b"body"
    assert (environ[CORRELATION_ID], environ[REQUEST]) == ("ref-1", REQUESTED)
    assert sorted(name for name in environ if name.startswith("HTTP_")) == ["HTTP_HOST", "HTTP_X_TEST"]


@pytest.mark.parametrize(
    ("host", "scheme", "server"),
    [("[::1]:80", "http", ("[::1]", "80")), ("[::1]", "https", ("[::1]", "443")), ("", "http", ("localhost", "80"))],
)
def test_the_port_is_the_schemes_where_none_is_said(host: str, scheme: str, server: tuple[str, str]) -> None:
    environ = environ_of(Request("GET", "/", host=host, scheme=scheme))
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == server


def test_the_answer_is_collected_and_the_iterable_closed() -> None:
    closed: list[bool] = []

    class Chunks(list[bytes]):
        def close(self) -> None:
            closed.append(True)

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        write = start_response("201 Created", [("X-A", "1"), ("Content-Length", "3")])
        write(b"a")
        return Chunks([b"b", b"c"])

    answer = WSGIHandler(application)(REQUESTED)
    assert (answer.status, answer.headers, answer.body, closed) == (201, (("X-A", "1"),), b"abc", [True])
