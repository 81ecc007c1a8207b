"""Which names the server answers for."""

from __future__ import annotations

from typing import Any

import pytest

from authserver.edge.host import Host
from authserver.edge.refusals import Refusals
from authserver.edge.routes import Routes
from authserver.protocol.messages import Request, Response


def status_of(routes: Routes, refusals: Refusals, host: str, path: str = "/oauth2/token", **options: Any) -> Response:
    link = Host(
        options.get("issuer", "https://id.example"),
        options.get("aliases", ("https://login.example:8443",)),
        options.get("allowed", ("internal", "10.0.0.1:9000")),
        development=options.get("development", False),
        find=routes.find,
        refusals=refusals,
    )
    return link(Request("GET", path, host=host, query_string=options.get("query", "")), lambda _: Response(200))


@pytest.mark.parametrize(
    "host",
    ["id.example", "ID.example", "id.example:443", "login.example:8443", "internal", "internal:8000", "10.0.0.1:9000"],
)
def test_its_own_names_are_answered(routes: Routes, refusals: Refusals, host: str) -> None:
    assert status_of(routes, refusals, host).status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "", "id.example:80", "id.example.evil.example", "10.0.0.1", "login.example", "id.example@"]
)
def test_a_foreign_host_is_refused(routes: Routes, refusals: Refusals, host: str) -> None:
    assert status_of(routes, refusals, host).status == 400


def test_health_is_answered_under_any_name(routes: Routes, refusals: Refusals) -> None:
    assert status_of(routes, refusals, "10.2.3.4:8000", "/health/live").status == 200


def test_in_development_pages_lead_to_the_issuer(routes: Routes, refusals: Refusals) -> None:
    answer = status_of(routes, refusals, "localhost:8000", "/login", development=True, query="a=b")
    assert (answer.status, answer.header("Location")) == (303, "https://id.example/login?a=b")


def test_in_development_machines_are_refused_as_ever(routes: Routes, refusals: Refusals) -> None:
    assert status_of(routes, refusals, "localhost:8000", development=True).status == 400


def test_the_redirect_leads_nowhere_else_whatever_the_path(routes: Routes, refusals: Refusals) -> None:
    answer = status_of(routes, refusals, "localhost", "//evil.example/\u00e4", development=True)
    assert answer.header("Location") == "https://id.example//evil.example/%C3%A4"
