"""What becomes of a WSGI environ."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from authserver.edge.adapter import Application
from authserver.edge.body import BodyReader
from authserver.edge.refusals import Refusals
from authserver.protocol.messages import Request, Response

Environ = Callable[..., dict[str, Any]]


class Seen:
    """A handler that remembers the request."""

    request: Request

    def __call__(self, request: Request) -> Response:
        self.request = request
        return Response(200, (("Content-Type", "text/plain"),), b"seen")


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def application(seen: Seen, refusals: Refusals) -> Application:
    return Application((), (), seen, BodyReader(100, 5, 8), refusals)


def test_a_request_is_read_once_into_a_frozen_value(application: Application, seen: Seen, environ: Environ) -> None:
    application.exchange(
        environ(b"a=b", REQUEST_METHOD="POST", CONTENT_TYPE="application/x-www-form-urlencoded", QUERY_STRING="c=d")
    )
    assert (seen.request.method, seen.request.path, seen.request.host) == ("POST", "/oauth2/token", "id.example")
    assert seen.request.form.get("a") == "b"
    assert seen.request.query.get("c") == "d"
    assert seen.request.remote_address == "192.0.2.7"


def test_the_process_environment_does_not_become_headers(
    monkeypatch: pytest.MonkeyPatch, seen: Seen, refusals: Refusals, environ: Environ
) -> None:
    monkeypatch.setenv("HTTP_X_REAL_IP", "10.0.0.1")
    application = Application((), (), seen, BodyReader(100, 5, 8), refusals)
    application.exchange(environ(HTTP_X_REAL_IP="10.0.0.1", DATABASE_URL="secret"))
    assert dict(seen.request.headers) == {"host": "id.example"}


def test_a_proxy_header_does_not_become_the_outgoing_proxy(
    application: Application, seen: Seen, environ: Environ
) -> None:
    application.exchange(environ(HTTP_PROXY="http://evil.example"))
    assert "proxy" not in seen.request.headers


@pytest.mark.parametrize("name", ["HTTP_HOST", "HTTP_AUTHORIZATION", "HTTP_DPOP", "HTTP_ORIGIN", "CONTENT_TYPE"])
def test_a_joined_header_is_refused_where_one_may_be(application: Application, environ: Environ, name: str) -> None:
    status, _, body = application.exchange(environ(**{name: "a,b"}))
    assert status == 400
    assert b"once" in body


def test_a_header_that_is_not_ascii_is_empty_on_every_server(
    application: Application, seen: Seen, environ: Environ
) -> None:
    application.exchange(environ(HTTP_X_NAME="\xe4"))
    assert seen.request.headers["x-name"] == ""


def test_a_path_is_utf_8(application: Application, seen: Seen, environ: Environ) -> None:
    application.exchange(environ(PATH_INFO="/\u00c3\u00a4"))
    assert seen.request.path == "/ä"


@pytest.mark.parametrize(
    "malformed", [{"PATH_INFO": "/\xff"}, {"PATH_INFO": "/\x00"}, {"PATH_INFO": "/\r\n"}, {"QUERY_STRING": "a=\xe4"}]
)
def test_malformed_encodings_are_refused(application: Application, environ: Environ, malformed: dict[str, str]) -> None:
    assert application.exchange(environ(**malformed))[0] == 400


def test_head_is_handled_as_get_and_sent_without_the_body(
    application: Application, seen: Seen, environ: Environ
) -> None:
    status, headers, body = application.exchange(environ(REQUEST_METHOD="HEAD"))
    assert (status, body, seen.request.method) == (200, b"", "GET")
    assert ("Content-Length", "4") in headers


def test_private_headers_never_leave(environ: Environ, refusals: Refusals) -> None:
    answer = Response(200, (("X-Authserver-Allowed-Origins", "https://a.example"), ("X-Authserver-Failure", "1")), b"")
    application = Application((), (), lambda _: answer, BodyReader(100, 5, 8), refusals)
    assert application.exchange(environ())[1] == [("Content-Length", "0")]


def test_an_answer_without_content_has_no_length(environ: Environ, refusals: Refusals) -> None:
    application = Application((), (), lambda _: Response(204), BodyReader(100, 5, 8), refusals)
    assert application.exchange(environ()) == (204, [], b"")


def test_it_is_a_wsgi_application(application: Application, environ: Environ) -> None:
    started: list[Any] = []
    assert application(environ(), lambda *arguments: started.append(arguments)) == [b"seen"]
    assert started[0][0] == "200 OK"


def test_refused_input_still_passes_the_outer_links(environ: Environ, refusals: Refusals, seen: Seen) -> None:
    passed: list[int] = []

    def watching(request: Request, next_: Callable[[Request], Response]) -> Response:
        response = next_(request)
        passed.append(response.status)
        return response

    Application((watching,), (), seen, BodyReader(100, 5, 8), refusals).exchange(environ(HTTP_HOST="a,b"))
    assert passed == [400]
