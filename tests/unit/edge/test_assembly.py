"""The chain as the product has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from limits.storage import MemoryStorage

from authserver.edge.assembly import application
from authserver.edge.routes import Routes
from authserver.risk.rate_limits import SETTINGS, RateLimiter
from authserver.settings import Settings

Environ = Callable[..., dict[str, Any]]


def ask(settings: Settings, routes: Routes, environ: dict[str, Any]) -> tuple[int, dict[str, str]]:
    limiter = RateLimiter(MemoryStorage(), dict.fromkeys(SETTINGS, "100/minute"))
    app = application(settings, routes, limiter, origin_registered=lambda _: False)
    status, headers, _ = app.exchange(environ)
    return status, {name.lower(): value for name, value in headers}


def test_every_answer_has_an_id_and_the_headers_of_its_kind(
    settings: Settings, routes: Routes, environ: Environ
) -> None:
    for host, expected in (("127.0.0.1:8000", 200), ("evil.example", 400), ("a,b", 400)):
        status, headers = ask(settings, routes, environ(REQUEST_METHOD="POST", HTTP_HOST=host))
        assert status == expected
        assert headers["x-request-id"]
        assert headers["x-frame-options"] == "DENY"


def test_a_foreign_host_that_is_doubled_is_refused_in_development_too(
    make_settings: Callable[..., Settings], routes: Routes, environ: Environ
) -> None:
    settings = make_settings(environment="development")
    assert ask(settings, routes, environ(PATH_INFO="/login", HTTP_HOST="a,b"))[0] == 400
    assert ask(settings, routes, environ(PATH_INFO="/login", HTTP_HOST="localhost:8000"))[0] == 303


def test_a_path_that_is_not_there_is_404(settings: Settings, routes: Routes, environ: Environ) -> None:
    assert ask(settings, routes, environ(PATH_INFO="/nowhere", HTTP_HOST="127.0.0.1:8000"))[0] == 404
