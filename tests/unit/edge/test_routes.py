"""Exact paths, methods, prefixes."""

from __future__ import annotations

import pytest

from authserver.edge.refusals import Refusal
from authserver.edge.routes import Route, Routes
from authserver.protocol.messages import Request, Response


def ok(_: Request) -> Response:
    return Response(200)


def test_a_listed_path_is_handled(routes: Routes) -> None:
    assert routes.handle(Request("POST", "/oauth2/token")).status == 200


@pytest.mark.parametrize("path", ["/oauth2/token/", "//oauth2/token", "/OAUTH2/TOKEN", "/oauth2/token/../token", "/no"])
def test_only_the_exact_path_is_handled(routes: Routes, path: str) -> None:
    with pytest.raises(Refusal) as raised:
        routes.handle(Request("POST", path))
    assert raised.value.status == 404


def test_another_method_is_405_with_the_allowed_ones(routes: Routes) -> None:
    with pytest.raises(Refusal) as raised:
        routes.handle(Request("GET", "/oauth2/token"))
    assert (raised.value.status, raised.value.headers) == (405, (("Allow", "OPTIONS, POST"),))


def test_options_names_the_methods(routes: Routes) -> None:
    answer = routes.handle(Request("OPTIONS", "/login"))
    assert (answer.status, answer.header("Allow")) == (204, "GET, HEAD, OPTIONS, POST")


def test_a_prefix_covers_what_is_below(routes: Routes) -> None:
    assert routes.handle(Request("GET", "/static/app.css")).status == 200
    assert routes.kind_of("/static/app.css") == "asset"


def test_the_fallback_answers_what_is_not_listed() -> None:
    assert Routes([], fallback=lambda _: Response(418)).handle(Request("GET", "/x")).status == 418


def test_a_path_may_have_a_handler_for_each_method() -> None:
    table = Routes([Route(("GET",), "/a", ok), Route(("POST",), "/a", lambda _: Response(201))])
    assert table.handle(Request("POST", "/a")).status == 201
    assert table.methods_of("/a") == ("GET", "POST")


def test_the_same_row_twice_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="twice"):
        Routes([Route(("GET",), "/a", ok), Route(("GET",), "/a", ok)])
