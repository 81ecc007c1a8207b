"""Every route, on both adapters and both servers: what it answers to every method, with which headers and limits."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from authserver.edge.headers import TABLE
from authserver.edge.routes import Route
from authserver.playground import addresses
from authserver.web.cookies import Cookies
from tests.installation import Answer, Installation
from tests.integration import remote
from tests.integration.remote import Remote
from tests.servers.authserver import Server

GET, POST, BOTH = {"GET"}, {"POST"}, {"GET", "POST"}
METHODS = ("GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE")
ORIGIN = "https://spa.example"
STYLESHEET = "/static/app.css"
DESCRIBED = "/.well-known/oauth-protected-resource/"


class Row(NamedTuple):
    """What is promised of a path."""

    methods: set[str]
    kind: str = "machine"
    limit: str = "default"
    cors: str = "none"
    any_host: bool = False


def probe() -> Row:
    """A path that is watched by machines."""
    return Row(GET, limit="", any_host=True)


PROMISED = {
    "/oauth2/authorize": Row(BOTH, "page", "authorize"),
    "/oauth2/authorize/resume": Row(GET, "page", "authorize"),
    "/oauth2/par": Row(POST, limit="token", cors="client"),
    "/oauth2/token": Row(POST, limit="token", cors="client"),
    "/oauth2/register": Row(POST, limit="register", cors="public"),
    "/oauth2/register/": Row({"GET", "PUT", "DELETE"}, cors="public"),
    "/oauth2/check-session": Row(GET, "frame"),
    "/oauth2/device_authorization": Row(POST, limit="token", cors="client"),
    "/oauth2/device/authorize": Row(POST, limit="token", cors="client"),
    "/oauth2/bc-authorize": Row(POST, limit="token"),
    "/api/v1/approvals": Row(BOTH),
    "/oauth2/introspect": Row(POST, limit="introspect"),
    "/oauth2/revoke": Row(POST, limit="revoke", cors="client"),
    "/oauth2/userinfo": Row(BOTH, limit="userinfo", cors="client"),
    "/oauth2/logout": Row(BOTH, "page"),
    "/signed-out": Row(GET, "page"),
    "/.well-known/openid-configuration": Row(GET, limit="metadata", cors="public"),
    "/.well-known/oauth-authorization-server": Row(GET, limit="metadata", cors="public"),
    "/.well-known/jwks.json": Row(GET, limit="metadata", cors="public"),
    "/.well-known/oauth-protected-resource": Row(GET, limit="metadata", cors="public"),
    DESCRIBED: Row(GET, limit="metadata", cors="public"),
    "/": Row(GET, "page"),
    "/login": Row(BOTH, "page", "login"),
    "/consent": Row(BOTH, "page"),
    "/select-account": Row(BOTH, "page"),
    "/password/change": Row(BOTH, "page"),
    "/device": Row(BOTH, "page"),
    "/oauth2/device/verify": Row(BOTH, "page"),
    "/approvals": Row(BOTH, "page"),
    "/static/": Row(GET, "asset", ""),
    "/health": probe(),
    "/health/live": probe(),
    "/health/ready": probe(),
    "/api/v1/health": probe(),
    "/metrics": probe(),
    "/api/v1/metrics": probe(),
    addresses.START: Row(BOTH, "page"),
    addresses.CALLBACK: Row(BOTH, "page"),
    addresses.RUN: Row(BOTH, "page"),
}
BELOW = {
    "/static/": STYLESHEET,
    DESCRIBED: f"{DESCRIBED}oauth2/userinfo",
    "/oauth2/register/": "/oauth2/register/unknown",
}
"""Of the rows that answer everything below a path, a path that is there."""
PATHS = [BELOW.get(path, path) for path in PROMISED]
CACHEABLE = {BELOW.get(path, path) for path, row in PROMISED.items() if row.limit == "metadata"}
LIVELY = {"/health", "/api/v1/health", "/metrics", "/api/v1/metrics"}
"""Where two answers differ by what happened meanwhile."""

NONCES = (
    re.compile(rb"[2-9A-HJ-NP-Z]{5}-[2-9A-HJ-NP-Z]{5}"),
    re.compile(rb'(?<=name="csrf_token" value=")[^"]+'),
    re.compile(rb"[A-Z][a-z]+ \d{1,2}, \d{4}[^<]*UTC"),
    re.compile(rb"[A-Za-z0-9_-]{43,}"),
)
OF_THE_SERVER = {"date", "server", "connection", "transfer-encoding", "keep-alive"}
SENT = {
    "X-Request-ID": "walk-1",
    "X-FAPI-Interaction-ID": "c770aef3-6784-41f7-8e0e-ff5f97bddb3a",
    "Origin": ORIGIN,
}


def promised(path: str) -> Row:
    """The row of a path."""
    return PROMISED[next((row for row, sample in BELOW.items() if path == sample), path)]


def steady(answer: Answer) -> tuple[int, list[tuple[str, str]], bytes]:
    """An answer without what is new in each."""
    body = answer.body
    for nonce in NONCES:
        body = nonce.sub(b"*", body)
    headers = []
    for name, value in answer.headers:
        if name.lower() in OF_THE_SERVER | {"content-length"}:
            continue
        shown = re.sub(r"=[^;]{20,}", "=*", value) if name.lower() == "set-cookie" else value
        shown = re.sub(r"interaction=[\w-]+", "interaction=*", shown)
        headers.append((name.lower(), NONCES[0].sub(b"*", shown.encode()).decode()))
    return answer.status, sorted(headers), body


def same(one: Answer, other: Answer, path: str) -> None:
    """Two answers are alike up to nonces."""
    left, right = steady(one), steady(other)
    assert left[:2] == right[:2]
    if path not in LIVELY:
        assert left[2] == right[2]


def check_headers(answer: Answer, path: str, *, https: bool = False) -> None:
    """The answer carries the table's headers for its kind, each once; only where it must, a value of its own."""
    row = promised(path)
    own = {"content-security-policy"} if row.kind in {"page", "frame"} else set()
    own |= {"cache-control"} if path in CACHEABLE or row.kind == "asset" else set()
    for name, value in TABLE[row.kind]:
        found = answer.all(name)
        assert len(found) == 1, (path, name, found)
        assert name.lower() in own or found == [value], (path, name, found)
    for name in ("Content-Type", "Content-Security-Policy", "Cache-Control", "X-Request-ID", "Allow"):
        assert len(answer.all(name)) <= 1, (path, name)
    assert (answer.header("Strict-Transport-Security") is not None) is https
    assert answer.header("X-Request-ID") == SENT["X-Request-ID"]
    assert not [name for name, _ in answer.headers if name.lower().startswith("x-authserver")]


def check(answer: Answer, method: str, path: str) -> None:
    """The answer keeps what is promised of the path."""
    row = promised(path)
    check_headers(answer, path)
    assert answer.status < 500
    offered = row.methods | {"OPTIONS"} | ({"HEAD"} if "GET" in row.methods else set())
    preflight = method == "OPTIONS" and row.cors != "none"
    if method not in offered or (method == "OPTIONS" and not preflight):
        assert answer.status == (204 if method == "OPTIONS" else 405)
        assert answer.header("Allow") == ", ".join(sorted(offered))
    else:
        assert answer.status != 405
        assert answer.header("Allow") is None
    check_cache(answer, method, path)
    check_cors(answer, method, row)
    if method in {"HEAD", "OPTIONS"}:
        assert answer.body == b""


def check_cache(answer: Answer, method: str, path: str) -> None:
    """Nothing is kept but metadata, keys and static files."""
    control = answer.header("Cache-Control")
    if method in {"GET", "HEAD"} and (path in CACHEABLE or path == STYLESHEET):
        assert control is not None
        assert control.startswith("public, ")
        assert answer.header("ETag")
    elif promised(path).kind != "asset":
        assert control == "no-store"


def check_cors(answer: Answer, method: str, row: Row) -> None:
    """Scripts of other origins read what the rule lets them; the caller is a registered origin without a client."""
    allowed = answer.header("Access-Control-Allow-Origin")
    preflight = method == "OPTIONS"
    answered = method in row.methods or (method == "HEAD" and "GET" in row.methods)
    if row.cors == "public" and (preflight or answered):
        assert allowed == "*"
    elif row.cors == "client" and preflight:
        assert allowed == ORIGIN
        assert answer.header("Access-Control-Allow-Methods") == ", ".join(sorted(row.methods))
    else:
        assert allowed is None
    assert answer.header("Access-Control-Allow-Credentials") is None


# --- both adapters, in this process -----------------------------------------------------------


@pytest.fixture
def installed(make_server: Callable[..., Installation]) -> Installation:
    """A server with everything on, known to a script of another origin."""
    installation = make_server(
        playground=True, **{name.lower().removeprefix("authserver_"): value for name, value in remote.GENEROUS.items()}
    )
    installation.add_client(origins=(ORIGIN,))
    return installation


def test_the_routes_are_those_that_are_promised_on_both_adapters(installed: Installation) -> None:
    found = {route.path: _row(route, installed) for route in installed.mounted.routes}
    assert found == PROMISED


def _row(route: Route, installation: Installation) -> Row:
    methods = set(installation.mounted.routes.methods_of(route.path))
    return Row(methods, route.kind, route.limit, route.cors, route.any_host)


@pytest.mark.parametrize("path", PATHS)
def test_a_path_answers_every_method_as_promised_and_alike_on_both_adapters(installed: Installation, path: str) -> None:
    for method in METHODS:
        thin = installed.request(method, path, headers=SENT)
        through_flask = installed.request(method, path, headers=SENT, through_flask=True)
        check(thin, method, path)
        same(thin, through_flask, path)


@pytest.mark.parametrize(
    "path", ["/nowhere", "/static/none.css", "/static/", "/static//app.css", "/oauth2/none", "/login/"]
)
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_what_is_not_there_is_404_in_the_language_of_its_place(installed: Installation, path: str, accept: str) -> None:
    headers = SENT | {"Accept": accept}
    thin = installed.request("GET", path, headers=headers)
    assert thin.status == 404
    same(thin, installed.request("GET", path, headers=headers, through_flask=True), path)
    wanted = "text/plain" if "static" in path else "json" if "oauth2" in path or "json" in accept else "text/html"
    assert wanted in (thin.header("Content-Type") or "")


def test_an_unexpected_error_is_the_same_page_on_both_adapters(
    installed: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(type(installed.services.browsers), "find_by_page", broken)
    thin = installed.request("GET", "/", headers=SENT)
    assert thin.status == 500
    assert "secret detail" not in thin.text
    assert "error-reference" in thin.text
    same(thin, installed.request("GET", "/", headers=SENT, through_flask=True), "/")


@pytest.mark.parametrize("through_flask", [False, True])
def test_each_path_is_counted_under_the_limit_it_is_promised(
    make_server: Callable[..., Installation], through_flask: bool
) -> None:
    # Failed client authentication counts against the limit of the token endpoint everywhere, so that one is higher.
    allowed = {row.limit: 2 for row in PROMISED.values() if row.limit} | {"token": 3}
    strict = {f"rate_limit_{name}": f"{number}/hour" for name, number in allowed.items()}
    installation = make_server(playground=True, **strict)
    for number, (path, row) in enumerate(PROMISED.items()):
        installation.address = f"10.0.0.{number}"
        # No attempt to log in, which is what the login page's own limit counts.
        limit = "default" if row.limit == "login" else row.limit
        times = allowed.get(limit, 2) + 1
        answers = [
            installation.request(min(row.methods), path, headers=SENT, through_flask=through_flask)
            for _ in range(times)
        ]
        assert [answer.status == 429 for answer in answers] == [False] * (times - 1) + [bool(limit)], path
        if limit:
            check_headers(answers[-1], path)
            assert answers[-1].header("RateLimit-Policy") == f'"{limit}";q={allowed[limit]};w=3600'
            assert int(answers[-1].header("Retry-After") or 0) > 0


@pytest.mark.parametrize("through_flask", [False, True])
def test_pages_together_have_the_limit_of_one_browser(
    make_server: Callable[..., Installation], through_flask: bool
) -> None:
    installation = make_server(rate_limit_user="2/hour")
    cookie = {"Cookie": f"{Cookies(installation.settings.issuer).page_name}=somebody"}

    def ask(path: str, **more: str) -> Answer:
        return installation.request("GET", path, headers=SENT | more, through_flask=through_flask)

    assert [ask(path, **cookie).status for path in ("/", "/consent")] == [200, 400]
    refused = ask("/login", **cookie)
    assert (refused.status, refused.header("RateLimit-Policy")) == (429, '"user";q=2;w=3600')
    assert "error-reference" in refused.text
    check_headers(refused, "/login")
    # Another browser at the same address is somebody else; machine endpoints and static files have limits of their own.
    assert ask("/", Cookie="unrelated=1").status == 200
    assert ask("/.well-known/jwks.json", **cookie).status == 200
    assert ask(STYLESHEET, **cookie).status == 200


def test_over_https_every_answer_asks_the_browser_to_stay_there(make_server: Callable[..., Installation]) -> None:
    installation = make_server(issuer="https://id.example", playground=True)
    for path in PATHS:
        for through_flask in (False, True):
            answer = installation.request("GET", path, headers=SENT, through_flask=through_flask)
            check_headers(answer, path, https=True)


# --- both adapters on both servers, in processes of their own ---------------------------------


@pytest.fixture(params=["granian", "gunicorn"], scope="module")
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, _template: Path
) -> Iterator[tuple[Remote, Remote]]:
    """The product on a server, and its Flask application on the same one."""
    directory: Path = tmp_path_factory.mktemp(request.param)
    server: Server = request.param
    with remote.serving(directory, server, {"AUTHSERVER_PLAYGROUND": "on"}, template=_template) as product:
        product.add_client(origins=(ORIGIN,))
        assert product.instance is not None
        with remote.serving_flask(directory, server, product.instance.environ) as flask:
            yield product, Remote(product.mounted, instance=flask)


@pytest.mark.parametrize("path", PATHS)
def test_a_path_answers_alike_on_a_server_and_without_one(served: tuple[Remote, Remote], path: str) -> None:
    for method in METHODS:
        within = served[0].within(method, path, headers=SENT)
        for product in served:
            answer = product.request(method, path, headers=SENT)
            check(answer, method, path)
            same(within, answer, path)
            # FAPI 1.0 Baseline §6.2.1 asks protected resources for it; both servers add it to everything.
            assert len(answer.all("Date")) == 1
            if path not in LIVELY and answer.status != 204:
                assert answer.header("Content-Length") == within.header("Content-Length")
