"""Correlation, security headers, faults, access log, metrics."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from authserver.edge import access_log, metrics
from authserver.edge.access_log import PATH_KEPT, AccessLog
from authserver.edge.chain import Handler, amended, chain
from authserver.edge.correlation import correlation
from authserver.edge.faults import Faults
from authserver.edge.headers import Kind, table_for
from authserver.edge.refusals import PageRenderer, Refusal, Refusals
from authserver.edge.routes import Routes
from authserver.edge.security_headers import SecurityHeaders
from authserver.protocol.messages import Request, Response
from authserver.telemetry import context, instruments, logs
from tests.servers.process import wait_until


def ok(_: Request) -> Response:
    return Response(200, (("Content-Type", "text/plain"),), b"fine")


def test_links_run_from_the_outside_in() -> None:
    order: list[str] = []

    def link(name: str):  # type: ignore[no-untyped-def]
        def run(request: Request, next_):  # type: ignore[no-untyped-def]
            order.append(name)
            return next_(request)

        return run

    chain([link("outer"), link("inner")], ok)(Request("GET", "/"))
    assert order == ["outer", "inner"]


def test_an_amended_request_forgets_what_was_derived() -> None:
    request = Request("GET", "/", "a=1")
    assert request.query.get("a") == "1"
    assert amended(request, query_string="a=2").query.get("a") == "2"
    assert request.query.get("a") == "1"


def test_a_good_request_id_is_taken_and_echoed() -> None:
    answer = correlation(Request("GET", "/", headers={"x-request-id": "abc-1"}), ok)
    assert answer.header("X-Request-ID") == "abc-1"


@pytest.mark.parametrize("given", ["", "a b", "a\nb", "<a>", 'a"', "a" * 129, "ä"])
def test_a_bad_request_id_is_replaced(given: str) -> None:
    made = correlation(Request("GET", "/", headers={"x-request-id": given}), ok).header("X-Request-ID")
    assert made
    assert made != given


def test_every_request_gets_an_id_of_its_own() -> None:
    assert len({correlation(Request("GET", "/"), ok).header("X-Request-ID") for _ in range(100)}) == 100


def test_the_context_is_bound_inside_and_not_after() -> None:
    inside: list[context.RequestContext] = []

    def handler(request: Request) -> Response:
        inside.append(context.current())
        assert request.correlation_id == context.current().correlation_id
        return Response()

    correlation(Request("GET", "/", headers={"user-agent": "phone"}, remote_address="192.0.2.1"), handler)
    assert (inside[0].address, inside[0].user_agent) == ("192.0.2.1", "phone")
    assert context.current() is context.NEUTRAL


@pytest.mark.parametrize(
    ("path", "kind"), [("/oauth2/token", "machine"), ("/login", "page"), ("/static/a.css", "asset"), ("/x", "page")]
)
def test_every_kind_of_answer_carries_its_headers(routes: Routes, path: str, kind: Kind) -> None:
    table = table_for(https=True)
    answer = SecurityHeaders(table, routes.kind_of)(Request("GET", path), ok)
    assert set(table[kind]) <= set(answer.headers)
    assert answer.header("Strict-Transport-Security")


def test_no_hsts_over_plain_http(routes: Routes) -> None:
    answer = SecurityHeaders(table_for(https=False), routes.kind_of)(Request("GET", "/login"), ok)
    assert answer.header("Strict-Transport-Security") is None


def test_an_answer_keeps_the_headers_it_brings(routes: Routes) -> None:
    own = Response(200, (("content-security-policy", "default-src 'nonce-1'"), ("Cache-Control", "public")))
    answer = SecurityHeaders(table_for(https=False), routes.kind_of)(Request("GET", "/login"), lambda _: own)
    assert [value for name, value in answer.headers if name.lower() == "content-security-policy"] == [
        "default-src 'nonce-1'"
    ]
    assert [value for name, value in answer.headers if name == "Cache-Control"] == ["public"]


def test_pages_are_not_frameable_and_do_not_block_the_redirect_to_the_client() -> None:
    policy = dict(table_for(https=True)["page"])["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "form-action" not in policy
    assert "unsafe-inline" not in policy


def test_an_unexpected_error_says_nothing(refusals: Refusals) -> None:
    def broken(_: Request) -> Response:
        raise RuntimeError("password=hunter2")

    answer = Faults(refusals)(Request("POST", "/oauth2/token"), broken)
    assert (answer.status, json.loads(answer.body)["error"]) == (500, "server_error")
    assert b"hunter2" not in answer.body


def test_a_raised_refusal_is_rendered_as_itself(refusals: Refusals) -> None:
    def refusing(_: Request) -> Response:
        raise Refusal(429, "slow_down", "wait", (("Retry-After", "3"),))

    answer = Faults(refusals)(Request("POST", "/oauth2/token"), refusing)
    assert (answer.status, answer.header("Retry-After")) == (429, "3")


@pytest.mark.parametrize(
    ("path", "accept", "content_type"),
    [
        ("/oauth2/token", "", "application/json"),
        ("/login", "text/html", "text/plain; charset=utf-8"),
        ("/login", "application/json", "application/json"),
        ("/api/v1/users", "", "application/json"),
    ],
)
def test_refusals_speak_the_language_of_the_border(
    refusals: Refusals, path: str, accept: str, content_type: str
) -> None:
    request = Request("GET", path, headers={"accept": accept}, correlation_id="ref-1")
    answer = refusals(request, Refusal(400, "invalid_request", "no"))
    assert answer.header("Content-Type") == content_type


def test_the_api_is_refused_in_its_own_shape(refusals: Refusals) -> None:
    answer = refusals(Request("GET", "/api/v1/x", correlation_id="ref-1"), Refusal(400, "invalid_request", "no"))
    assert json.loads(answer.body) == {
        "statusCode": 400,
        "message": "no",
        "error": "Bad Request",
        "code": "invalid_request",
        "details": {"reference": "ref-1"},
        "correlationId": "ref-1",
    }


def test_an_injected_page_renders_refusals_of_pages(routes: Routes) -> None:
    page = PageRenderer(lambda *_: "R", lambda _, refusal, reference: Response(refusal.status, (), reference.encode()))
    refusals = Refusals(routes.kind_of, page)
    assert refusals(Request("GET", "/login"), Refusal(400, "invalid_request", "no")).body == b"R"


def test_a_refusal_in_json_has_the_reference_of_its_explanation(routes: Routes) -> None:
    refusals = Refusals(routes.kind_of, PageRenderer(lambda *_: "R-1", lambda *_: Response(500)))
    machine, api = (
        json.loads(refusals(Request("POST", path), Refusal(400, "invalid_request", "No.")).body)
        for path in ("/oauth2/token", "/api/v1/users")
    )
    assert machine == {"error": "invalid_request", "error_description": "No. (reference R-1)"}
    assert api["details"] == {"reference": "R-1"}


@pytest.fixture
def log_lines() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    logs.configure("info", "json", stream)
    yield stream
    logs.configure("warning")


def logged(link: AccessLog, stream: io.StringIO, request: Request, handler: Handler = ok) -> dict[str, object]:
    answer = correlation(request, lambda inner: link(inner, handler))
    link.flush()
    # Applications of earlier tests in this process still have a writer each, and it writes where logs go now.
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    (found,) = (line for line in lines if line["correlation_id"] == answer.header("X-Request-ID"))
    return dict(found)


def test_a_request_is_one_line_without_its_query(log_lines: io.StringIO, routes: Routes) -> None:
    request = Request("GET", "/login", "code=abc", headers={"x-request-id": "ref-1"})
    found = logged(AccessLog(routes.find), log_lines, request)
    assert (found["path"], found["status"], found["correlation_id"]) == ("/login", 200, "ref-1")
    assert "code=abc" not in log_lines.getvalue()


def test_the_line_names_the_client_that_was_found(log_lines: io.StringIO, routes: Routes) -> None:
    def handler(request: Request) -> Response:
        context.note(client_id="client-1")
        return ok(request)

    assert logged(AccessLog(routes.find), log_lines, Request("GET", "/login"), handler)["client_id"] == "client-1"


def test_an_unknown_path_is_redacted(log_lines: io.StringIO, routes: Routes) -> None:
    secret = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
    logged(AccessLog(routes.find), log_lines, Request("GET", f"/x/{secret}"))
    assert secret not in log_lines.getvalue()


def test_an_unknown_path_is_cut_before_it_is_looked_at(log_lines: io.StringIO, routes: Routes) -> None:
    found = logged(AccessLog(routes.find), log_lines, Request("GET", "/x/" + "secret" * 1000))
    assert len(str(found["path"])) == PATH_KEPT


def test_lines_outlive_the_link_that_collected_them(
    log_lines: io.StringIO, routes: Routes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_log, "FLUSH_SECONDS", 0.01)
    link = AccessLog(routes.find)
    link(Request("GET", "/login"), ok)
    writer = link._writer
    link._lines.append(b'{"last": true}\n')
    del link
    assert writer is not None
    writer.join(10)
    assert '{"last": true}' in log_lines.getvalue()


def test_a_line_that_comes_while_others_are_written_is_kept(
    log_lines: io.StringIO, routes: Routes, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = AccessLog(routes.find)
    encode = access_log.orjson.dumps

    def encode_while_others_are_written(*given: Any, **options: Any) -> bytes:
        link.flush()
        return encode(*given, **options)

    monkeypatch.setattr(access_log.orjson, "dumps", encode_while_others_are_written)
    assert logged(link, log_lines, Request("GET", "/login"))["path"] == "/login"


def test_writing_goes_on_after_it_failed(routes: Routes, monkeypatch: pytest.MonkeyPatch) -> None:
    full = _FullDisk()
    monkeypatch.setattr(access_log, "FLUSH_SECONDS", 0.01)
    logs.configure("info", "json", full)
    link = AccessLog(routes.find)
    link(Request("GET", "/login"), ok)
    assert full.tried.wait(10)
    full.has_room = True
    link._lines.append(b"{}\n")
    wait_until(lambda: "{}" in full.getvalue())
    logs.configure("warning")


class _FullDisk(io.StringIO):
    """Takes nothing until there is room."""

    def __init__(self) -> None:
        super().__init__()
        self.has_room, self.tried = False, threading.Event()

    def write(self, text: str) -> int:
        if self.has_room:
            return super().write(text)
        self.tried.set()
        raise OSError(28, "No space left on device")


def test_lines_for_people_are_written_at_once(routes: Routes) -> None:
    stream = io.StringIO()
    logs.configure("info", "text", stream)
    AccessLog(routes.find)(Request("GET", "/login"), ok)
    logs.configure("warning")
    assert "path=/login" in stream.getvalue()


def test_requests_are_counted_by_route_method_and_status(routes: Routes) -> None:
    link = metrics.Metrics(routes.find)
    for path in ("/login", "/login", "/invented-1", "/invented-2"):
        link(Request("GET", path), ok)
    link(Request("BREW", "/login"), ok)
    series = {family.name: family.series for family in instruments.snapshot()}
    counted = series["authserver_http_requests_total"]
    assert counted[("/login", "GET", "200")] >= [2.0]
    assert counted[(metrics.UNLISTED, "GET", "200")] >= [2.0]
    assert ("/login", "OTHER", "200") in counted
    assert series["authserver_http_request_duration_seconds"][("/login", "GET")]
