"""Who may call from a script of another origin."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from authserver.edge.cors import CORS, allowing
from authserver.edge.routes import Routes
from authserver.protocol.messages import Request, Response

CLIENT, OTHER, FRONTEND = "https://app.example", "https://other.example", "https://front.example"


@pytest.fixture
def link(routes: Routes) -> CORS:
    return CORS(routes, lambda origin: origin in {CLIENT, OTHER}, (FRONTEND,))


Ask = Callable[..., Response]


@pytest.fixture
def ask(link: CORS) -> Ask:
    def run(path: str, origin: str | None, method: str = "POST", origins: tuple[str, ...] = ()) -> Response:
        headers = {"origin": origin} if origin else {}
        return link(Request(method, path, headers=headers), lambda _: allowing(Response(200), origins))

    return run


def allowed(answer: Response) -> str | None:
    return answer.header("Access-Control-Allow-Origin")


def test_metadata_is_for_everybody_without_credentials(ask: Ask) -> None:
    answer = ask("/.well-known/jwks.json", "https://anybody.example", "GET")
    assert allowed(answer) == "*"
    assert answer.header("Access-Control-Allow-Credentials") is None


def test_the_token_endpoint_is_for_the_origins_of_its_client(ask: Ask) -> None:
    assert allowed(ask("/oauth2/token", CLIENT, origins=(CLIENT,))) == CLIENT


def test_the_origin_of_another_client_may_not_read_the_answer(ask: Ask) -> None:
    assert allowed(ask("/oauth2/token", OTHER, origins=(CLIENT,))) is None


@pytest.mark.parametrize("origin", ["null", "https://app.example.evil.example", "https://APP.example", None])
def test_a_foreign_origin_may_not_read_the_answer(ask: Ask, origin: str | None) -> None:
    assert allowed(ask("/oauth2/token", origin, origins=(CLIENT,))) is None


def test_the_names_of_the_origins_do_not_leave(ask: Ask) -> None:
    assert ask("/oauth2/token", CLIENT, origins=(CLIENT, OTHER)).header("X-Authserver-Allowed-Origins") is None


def test_caches_are_told_that_the_answer_depends_on_the_origin(ask: Ask) -> None:
    assert ask("/oauth2/token", None).header("Vary") == "Origin"


@pytest.mark.parametrize("origin", [CLIENT, OTHER])
def test_a_preflight_is_answered_for_any_registered_origin(ask: Ask, origin: str) -> None:
    answer = ask("/oauth2/token", origin, "OPTIONS")
    assert (answer.status, allowed(answer)) == (204, origin)
    assert answer.header("Access-Control-Allow-Methods") == "POST"
    assert answer.header("Access-Control-Allow-Credentials") is None


def test_a_preflight_of_an_unregistered_origin_allows_nothing(ask: Ask) -> None:
    assert allowed(ask("/oauth2/token", "https://evil.example", "OPTIONS")) is None


def test_the_api_is_for_configured_origins_with_credentials(ask: Ask) -> None:
    for method in ("GET", "OPTIONS"):
        answer = ask("/api/v1/users", FRONTEND, method)
        assert allowed(answer) == FRONTEND
        assert answer.header("Access-Control-Allow-Credentials") == "true"


def test_the_api_is_not_for_origins_of_clients(ask: Ask) -> None:
    for method in ("GET", "OPTIONS"):
        assert allowed(ask("/api/v1/users", CLIENT, method, origins=(CLIENT,))) is None


def test_pages_are_for_nobody(ask: Ask) -> None:
    assert allowed(ask("/login", FRONTEND, "GET")) is None
