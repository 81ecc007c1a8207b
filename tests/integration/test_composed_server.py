"""The whole product behind both servers, as operators and attackers meet it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families

from authserver.protocol import limits
from tests.installation import Answer
from tests.integration import corpora, remote
from tests.integration.remote import Remote
from tests.integration.served import eventually, is_alive
from tests.integration.test_routes import PATHS, PROMISED
from tests.relying_party import Browser, RelyingParty
from tests.servers.authserver import PROGRAM, Server, environment, is_ready
from tests.servers.process import ServerProcess, free_port

LIMIT = 65536
THREADS = 8
FORM = "Content-Type: application/x-www-form-urlencoded"
CREDENTIALS = "grant_type=client_credentials"
PROXY, STRANGER, HASTY = "127.0.0.2", "127.0.0.3", "127.0.0.4"
"""Addresses from which tests call: a trusted proxy, anybody, and somebody who comes too often."""
SHARED = {
    "AUTHSERVER_MAX_BODY_BYTES": str(LIMIT),
    "AUTHSERVER_BODY_TIMEOUT": "1",
    "AUTHSERVER_THREADS": str(THREADS),
    "AUTHSERVER_WORKERS": "2",
    "AUTHSERVER_GRACEFUL_TIMEOUT": "15",
    "AUTHSERVER_TRUSTED_PROXIES": PROXY,
    "AUTHSERVER_RATE_LIMIT_REVOKE": "10/hour",
    "AUTHSERVER_RATE_LIMIT_DEFAULT": "200/hour",
    "AUTHSERVER_METRICS_TOKEN": "scrape-with-this-token",
}


@pytest.fixture(params=["granian", "gunicorn"], scope="module")
def server(request: pytest.FixtureRequest) -> Server:
    """The server that carries the product."""
    chosen: Server = request.param
    return chosen


@pytest.fixture(scope="module")
def product(server: Server, tmp_path_factory: pytest.TempPathFactory, _template: Path) -> Iterator[Remote]:
    """A running product with two workers and a process for background work; who ends it starts it again."""
    directory = tmp_path_factory.mktemp(server)
    with remote.serving(directory, server, SHARED, ("--with-worker",), template=_template) as running:
        people(running)
        yield running


def people(running: Remote) -> None:
    """Alice, the application `app` and the service `batch`."""
    running.add_user()
    running.add_client()
    service(running)


def service(running: Remote, client_id: str = "batch") -> None:
    """A client that asks for tokens of its own, with a secret that tests know."""
    running.add_client(
        client_id,
        secret=SECRET,
        redirect_uris=(),
        grant_types=("client_credentials",),
        scopes=frozenset(),
        token_endpoint_auth_method="client_secret_post",
    )


SECRET = "a-secret-of-a-service-that-tests-know"
TOKEN = f"{CREDENTIALS}&client_id=batch&client_secret={SECRET}"


def host(running: Remote) -> str:
    """The header that a caller sends."""
    return f"Host: {urlsplit(running.settings.issuer).netloc}"


def post(running: Remote, path: str, body: bytes, *lines: str) -> Answer:
    """A form with exactly these headers besides Host and the type."""
    return running.raw("POST", path, host(running), FORM, *lines, body=body)


def token(running: Remote) -> str:
    """A fresh access token of the service."""
    answer = post(running, "/oauth2/token", TOKEN.encode(), f"Content-Length: {len(TOKEN)}")
    assert answer.status == 200, answer.text
    return str(answer.json["access_token"])


def is_active(running: Remote, value: str) -> bool:
    """What introspection says of a token of the service."""
    form = {"token": value, "client_id": "batch", "client_secret": SECRET}
    answer = running.post("/oauth2/introspect", form)
    assert answer.status == 200, answer.text
    return bool(answer.json["active"])


# --- what arrives -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "doubled",
    [
        ("Authorization: Basic YTpi", "Authorization: Basic Yzpk"),
        ("Authorization: Bearer a", "Authorization: Bearer b"),
        ("Host: 127.0.0.1",),
        ("Origin: https://a.example", "Origin: https://b.example"),
        ("DPoP: a", "DPoP: b"),
        ("X-Request-ID: a", "X-Request-ID: b"),
    ],
    ids=lambda lines: lines[0].partition(":")[0],
)
@pytest.mark.parametrize("path", ["/oauth2/token", "/oauth2/userinfo", "/login"])
def test_a_header_that_may_come_once_is_refused_twice(product: Remote, path: str, doubled: tuple[str, ...]) -> None:
    assert product.raw("GET" if path == "/login" else "POST", path, host(product), *doubled).status == 400


def test_two_lengths_are_refused(product: Remote) -> None:
    assert post(product, "/oauth2/token", b"a=b", "Content-Length: 3", "Content-Length: 4").status == 400


def test_a_chunked_form_is_a_form(product: Remote) -> None:
    first, rest = TOKEN[:11].encode(), TOKEN[11:].encode()
    body = b"%x\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(first), first, len(rest), rest)
    assert post(product, "/oauth2/token", body, "Transfer-Encoding: chunked").json["access_token"]


@pytest.mark.parametrize("path", ["/oauth2/token", "/login"])
def test_an_oversize_body_is_refused_with_the_limit_named(product: Remote, path: str) -> None:
    whole = post(product, path, b"a" * (LIMIT + 1), f"Content-Length: {LIMIT + 1}")
    chunk = b"4000\r\n" + b"a" * 0x4000 + b"\r\n"
    chunked = post(product, path, chunk * 5 + b"0\r\n\r\n", "Transfer-Encoding: chunked")
    for answer in (whole, chunked):
        assert answer.status == 413
        assert str(LIMIT) in answer.text
        assert answer.header("X-Content-Type-Options") == "nosniff"


def test_slow_bodies_are_ended_and_hold_nobody_up(product: Remote) -> None:
    head = f"POST /oauth2/token HTTP/1.1\r\n{host(product)}\r\n{FORM}\r\nContent-Length: 99\r\n\r\n{CREDENTIALS}"
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(product.connect()) for _ in range(THREADS)]
        for connection in connections:
            connection.sendall(head.encode())
        assert product.get("/health/live").status == 200
        assert [remote.read(connection).status for connection in connections] == [408] * THREADS
    assert token(product)


def test_a_request_id_is_echoed_logged_and_replaced_when_it_is_no_plain_word(product: Remote) -> None:
    assert product.get("/health/live", headers={"X-Request-ID": "order-66"}).all("X-Request-ID") == ["order-66"]
    for bad in ("<b>", "a b", "x" * (limits.CORRELATION_ID_LENGTH + 1), '"quoted"'):
        given = product.get("/login", headers={"X-Request-ID": bad})
        made = given.header("X-Request-ID") or ""
        assert made != bad
        assert len(made) > 16
    eventually(lambda: '"correlation_id":"order-66"' in product.process.output(), "the id is not in the access log")


def test_a_foreign_host_is_refused_but_by_probes(product: Remote) -> None:
    for path in PATHS:
        answer = product.raw(min(PROMISED.get(path, PROMISED["/static/"]).methods), path, "Host: evil.example")
        if PROMISED.get(path, PROMISED["/static/"]).any_host:
            assert answer.status != 400, path
        else:
            assert answer.status == 400, path
            assert "evil.example" not in answer.text + str(answer.headers)


def test_forwarded_headers_count_from_the_proxy_alone(product: Remote) -> None:
    def address_of(source: str, name: str, *lines: str) -> str:
        product.seen_from(source).raw("GET", "/health/live", host(product), f"X-Request-ID: {name}", *lines)
        wanted = f'"correlation_id":"{name}"'
        eventually(lambda: wanted in product.process.output(), "the request is not in the access log")
        line = next(line for line in product.process.output().splitlines() if wanted in line)
        return line.partition('"address":"')[2].partition('"')[0]

    spoofed = ("X-Forwarded-For: 192.0.2.7", "Forwarded: for=192.0.2.7")
    assert address_of(STRANGER, "from-stranger", *spoofed) == STRANGER
    assert address_of(PROXY, "from-proxy", *spoofed) == "192.0.2.7"
    assert address_of(PROXY, "from-chain", f"X-Forwarded-For: 10.9.9.9, 192.0.2.8, {PROXY}") == "192.0.2.8"


def test_what_came_through_a_proxy_needs_the_metrics_token(product: Remote) -> None:
    assert product.seen_from(STRANGER).get("/metrics").status == 200
    proxied = product.seen_from(PROXY)
    forwarded = {"X-Forwarded-For": "127.0.0.1"}
    assert proxied.get("/metrics", headers=forwarded).status == 401
    good = {"Authorization": "Bearer scrape-with-this-token"}
    assert proxied.get("/metrics", headers=forwarded | good).status == 200


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/.well-known/jwks.json", "/login", "/health"])
def test_head_is_get_without_the_body(product: Remote, path: str) -> None:
    got, head = product.get(path), product.request("HEAD", path)
    assert head.status == got.status
    assert head.body == b""
    assert int(head.header("Content-Length") or 0) > 0


def test_malformed_input_is_never_the_servers_fault(product: Remote) -> None:
    caller, said = product.seen_from("127.0.0.5"), len(product.process.output())
    for path in PATHS:
        asked = [caller.raw("GET", path + tail, host(product)) for tail in corpora.MALFORMED_TARGETS]
        asked += [caller.raw("GET", path, host(product), line) for line in corpora.MALFORMED_HEADERS]
        for body in corpora.MALFORMED_BODIES:
            asked += [
                caller.raw(
                    "POST", path, host(product), f"Content-Type: {kind}", f"Content-Length: {len(body)}", body=body
                )
                for kind in corpora.CONTENT_TYPES[:: 1 if path in {"/oauth2/token", "/login"} else 5]
            ]
        assert not [(path, answer.status, answer.text[:200]) for answer in asked if not 200 <= answer.status < 500]
    assert '"level":"error"' not in product.process.output()[said:]


# --- limits -----------------------------------------------------------------------------------


def test_a_machine_that_comes_too_often_is_told_so_in_json_by_all_workers_together(product: Remote) -> None:
    caller = product.seen_from(HASTY)
    answers = [caller.post("/oauth2/revoke", {"token": "x", "client_id": "a"}) for _ in range(12)]
    assert [answer.status for answer in answers].count(429) == 2
    refused = answers[-1]
    assert refused.json["error"] == "slow_down"
    assert 0 < int(refused.header("Retry-After") or 0) <= 3600
    assert refused.header("RateLimit-Limit") == "10"
    assert refused.header("RateLimit-Remaining") == "0"
    assert int(refused.header("RateLimit-Reset") or 0) > 0
    assert refused.header("RateLimit-Policy") == '"revoke";q=10;w=3600'
    assert product.post("/oauth2/revoke", {"token": "x", "client_id": "a"}).status == 401


def test_a_person_who_comes_too_often_sees_a_page(product: Remote) -> None:
    caller = product.seen_from(HASTY)
    refused = next(answer for answer in (caller.get("/consent") for _ in range(400)) if answer.status == 429)
    assert "error-reference" in refused.text
    assert refused.header("Content-Type") == "text/html; charset=utf-8"
    assert int(refused.header("Retry-After") or 0) > 0
    assert refused.header("RateLimit-Limit") == "200"
    assert product.get("/consent").status == 400


# --- numbers ----------------------------------------------------------------------------------


def numbers(running: Remote) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample of /metrics, by name and labels."""
    answer = running.seen_from(STRANGER).get("/metrics")
    assert answer.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8"
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_requests_and_business_are_counted_over_all_workers(product: Remote) -> None:
    party = RelyingParty(product, *product.add_client("counted", policy={"refresh_grace": 0}))
    before = numbers(product)
    for _ in range(10):
        token(product)
    browser = Browser(product)
    page = party.request(browser, scope="openid offline_access")
    assert browser.sign_in(page, password="Wrong-Horse-7-Battery").status == 401
    tokens = party.redeem(party.code(browser, scope="openid offline_access")).json
    rotated = party.refresh(tokens["refresh_token"]).json
    assert party.ask("revoke", rotated["refresh_token"]).status == 200
    after = numbers(product)

    def rose(name: str, **labels: str) -> float:
        key = (name, tuple(sorted(labels.items())))
        return after.get(key, 0) - before.get(key, 0)

    assert rose("authserver_http_requests_total", route="/oauth2/token", method="POST", status="200") == 12
    assert rose("authserver_http_request_duration_seconds_count", route="/oauth2/token", method="POST") == 12
    assert rose("authserver_tokens_issued_total", grant_type="client_credentials") == 10
    assert rose("authserver_tokens_issued_total", grant_type="authorization_code") == 1
    assert rose("authserver_tokens_issued_total", grant_type="refresh_token") == 1
    assert rose("authserver_token_refreshes_total") == 1
    assert rose("authserver_logins_total", outcome="failed") == 1
    assert rose("authserver_logins_total", outcome="succeeded") == 1
    assert sum(rose("authserver_revocations_total", kind=kind) for kind in ("refresh_token", "grant")) >= 1


def test_lockouts_are_counted(product: Remote) -> None:
    before = numbers(product).get(("authserver_lockouts_total", ()), 0)
    caller = product.seen_from("127.0.0.6")
    party, browser = RelyingParty(caller), Browser(caller)
    page = party.request(browser)
    for _ in range(8):
        page = browser.sign_in(page, "nobody-of-this-name", "Wrong-Horse-7-Battery")
    assert numbers(product).get(("authserver_lockouts_total", ()), 0) > before


# --- signals ----------------------------------------------------------------------------------


def test_sigterm_loses_no_answer_of_a_redemption_under_way(product: Remote) -> None:
    party = RelyingParty(product, *product.add_client("drained"))
    code = party.code()
    answers: list[Answer] = []
    with sqlite3.connect(product.settings.database_url.removeprefix("sqlite:///"), isolation_level=None) as holder:
        holder.execute("BEGIN IMMEDIATE")  # the redemption waits for this
        thread = threading.Thread(target=lambda: answers.append(party.redeem(code)))
        thread.start()
        eventually(lambda: in_flight(product), "the redemption did not begin")
        product.process.send(signal.SIGTERM)
        eventually(lambda: refuses(product), "new connections are still taken")
        holder.execute("ROLLBACK")
    thread.join(30)
    assert product.process.wait() == 0
    assert [answer.status for answer in answers] == [200], answers
    product.process.start()
    assert party.introspect(answers[0].json["access_token"])["active"] is True


def in_flight(running: Remote) -> bool:
    """Whether a connection from outside has been taken and owes an answer: its request has left every queue."""
    port = f"{running.port:04X}"
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    taken = [line for line in lines if line[1].endswith(f":{port}") and line[3] == "01" and line[9] != "0"]
    return any(line[4].endswith(":00000000") for line in taken)


def refuses(running: Remote) -> bool:
    """Whether nobody listens any more, or nobody takes what comes."""
    try:
        with socket.create_connection(("127.0.0.1", running.port), timeout=0.5) as connection:
            connection.settimeout(0.5)
            connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return not connection.recv(1)
    except OSError:
        return True


def test_a_killed_worker_is_replaced_and_its_tokens_are_good(product: Remote) -> None:
    value = token(product)
    for victim in product.workers():
        os.kill(victim, signal.SIGKILL)
    eventually(lambda: is_ready(product.port), "the server does not answer any more")
    assert is_active(product, value)
    assert token(product)


def test_a_killed_main_process_leaves_no_lock_and_loses_no_token(product: Remote) -> None:
    value = token(product)
    party = RelyingParty(product, *product.add_client("survivor"))
    refresh = party.tokens(scope="openid offline_access")["refresh_token"]
    children = product.children()
    assert len(children) == 3
    os.kill(product.process.pid, signal.SIGKILL)
    product.process.wait()
    eventually(lambda: not any(map(is_alive, children)), "workers outlived their parent")
    product.process.start()
    assert is_active(product, value)
    assert party.refresh(refresh).status == 200


def test_a_reload_reads_levels_and_limits_anew_and_survives_a_mistake(product: Remote) -> None:
    configuration, caller = product.directory / "authserver.toml", product.seen_from("127.0.0.7")
    hot = 'log_levels = ["authserver.access=warning"]\nrate_limit_metadata = "3/hour"\n'
    reload(product, configuration, f'{hot}signing_algorithm = "ES256"\n')
    answers = [caller.get("/.well-known/jwks.json", headers={"X-Request-ID": "unheard-of"}) for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    reload(product, configuration, "log_level = 7\n")
    assert "the new configuration cannot be used" in product.process.output()
    assert caller.get("/.well-known/jwks.json", headers={"X-Request-ID": "unheard-of"}).status == 429
    configuration.unlink()
    product.process.send(signal.SIGTERM)
    assert product.process.wait() == 0
    assert '"message":"request","correlation_id":"unheard-of"' not in product.process.output()
    # In order, so that the next start need not wait for workers of this one.
    assert (product.directory / "instance" / f"serve-{product.port}.lock").read_text() == ""
    product.process.start()


def reload(running: Remote, file: Path, text: str) -> None:
    """Write the configuration, send SIGHUP and wait until both workers are new ones."""
    before = running.workers()
    file.write_text(text)
    running.process.send(signal.SIGHUP)
    eventually(lambda: len(running.workers()) == 2 and not before & running.workers(), "workers are still there")
    eventually(lambda: is_ready(running.port), "the server does not answer any more")


def test_gunicorn_serves_by_the_configuration_that_is_deployed(
    tmp_path: Path,
    _template: Path,  # noqa: PT019 - its value is used
) -> None:
    shutil.copytree(_template / "keys", tmp_path / "keys")
    port = free_port()
    url = f"sqlite:///{tmp_path / 'authserver.db'}"
    shutil.copyfile(_template / "authserver.db", tmp_path / "authserver.db")
    deployed = Path(__file__).parents[2] / "deploy" / "gunicorn.conf.py"
    process = ServerProcess(
        [PROGRAM.with_name("gunicorn"), "-c", deployed, "authserver.wsgi:application"],
        tmp_path / "log",
        ready=lambda: is_ready(port),
        environ=environment(tmp_path, port, {"AUTHSERVER_DATABASE_URL": url, "AUTHSERVER_PORT": str(port)}),
        cwd=tmp_path,
    )
    with process:
        for text in ('log_levels = ["authserver.access=warning"]\n', "log_level = 7\n"):
            said = process.output().count("Booting worker")
            (tmp_path / "authserver.toml").write_text(text)
            process.send(signal.SIGHUP)
            eventually(lambda said=said: process.output().count("Booting worker") > said, "no reload")  # type: ignore[misc]
            eventually(lambda: is_ready(port), "the server does not answer any more")
        assert "the new configuration cannot be used" in process.output()
        process.send(signal.SIGTERM)
        assert process.wait() == 0
    assert (tmp_path / "instance" / f"serve-{port}.lock").read_text() == ""
