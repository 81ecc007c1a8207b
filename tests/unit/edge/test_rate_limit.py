"""Who is counted, against what, and how a refusal reads."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable

import pytest
from limits.storage import MemoryStorage

from authserver.edge.headers import FAILURE
from authserver.edge.rate_limit import RateLimit, claimed_client
from authserver.edge.refusals import Refusals
from authserver.edge.routes import Routes
from authserver.protocol.messages import Request, Response
from authserver.risk.rate_limits import RateLimiter

LIMITS = {
    "token": "3/minute",
    "introspect": "90/minute",
    "login": "2/minute",
    "metadata": "4/minute",
    "default": "5/minute",
}
Ask = Callable[..., Response]


@pytest.fixture
def ask(routes: Routes, refusals: Refusals) -> Ask:
    link = RateLimit(RateLimiter(MemoryStorage(), LIMITS), routes.find, refusals)

    def run(path: str, answer: Response | None = None, **fields: object) -> Response:
        request = Request(str(fields.pop("method", "POST")), path, **fields)  # type: ignore[arg-type]
        return link(request, lambda _: answer or Response(200))

    return run


def basic(client: str) -> dict[str, str]:
    return {"authorization": "Basic " + b64encode(f"{client}:secret".encode()).decode()}


def test_over_the_limit_is_429_with_the_limit_said(ask: Ask) -> None:
    statuses = [ask("/oauth2/token").status for _ in range(4)]
    answer = ask("/oauth2/token")
    assert statuses == [200, 200, 200, 429]
    assert 0 < int(answer.header("Retry-After") or 0) <= 60
    assert (answer.header("RateLimit-Limit"), answer.header("RateLimit-Remaining")) == ("3", "0")
    assert b"slow_down" in answer.body


def test_a_client_does_not_use_up_the_allowance_of_another(ask: Ask) -> None:
    for _ in range(4):
        ask("/oauth2/token", headers=basic("first"))
    assert ask("/oauth2/token", headers=basic("first")).status == 429
    assert ask("/oauth2/token", headers=basic("second")).status == 200


def test_a_stranger_who_names_a_client_does_not_use_up_its_allowance(ask: Ask) -> None:
    for _ in range(4):
        ask("/oauth2/token", headers=basic("victim"), remote_address="203.0.113.9")
    assert ask("/oauth2/token", headers=basic("victim"), remote_address="192.0.2.1").status == 200


def test_failed_client_authentication_counts_against_the_address_whatever_the_client(ask: Ask) -> None:
    for number in range(3):
        ask("/oauth2/token", Response(401), headers=basic(f"guess-{number}"))
    assert ask("/oauth2/token", headers=basic("guess-4")).status == 429


def test_successful_logins_of_an_address_never_count(ask: Ask) -> None:
    assert {ask("/login").status for _ in range(10)} == {200}


def test_failed_logins_of_an_address_are_limited(ask: Ask) -> None:
    failed = Response(200, ((FAILURE, "1"),))
    assert [ask("/login", failed).status for _ in range(3)] == [200, 200, 429]
    assert ask("/login", remote_address="192.0.2.99").status == 200


def test_the_login_page_itself_is_still_shown(ask: Ask) -> None:
    for _ in range(3):
        ask("/login", Response(200, ((FAILURE, "1"),)))
    assert ask("/login", method="GET").status == 200


def test_bad_requests_for_the_login_page_are_limited_whatever_cookie_comes_along(ask: Ask) -> None:
    bad = Response(400)
    statuses = [ask("/login", bad, method="GET", headers={"cookie": f"page={number}"}).status for number in range(6)]
    assert statuses == [400] * 5 + [429]
    assert ask("/login", bad).status == 429
    assert ask("/login", remote_address="192.0.2.99").status == 200


def test_failed_client_authentication_counts_alike_where_much_is_allowed(ask: Ask) -> None:
    statuses = [ask("/oauth2/introspect", Response(401), headers=basic("gateway")).status for _ in range(4)]
    assert statuses == [401, 401, 401, 429]
    assert ask("/oauth2/token", headers=basic("gateway")).status == 200, "each endpoint counts its own"


def test_one_ipv6_customer_is_one_address(ask: Ask) -> None:
    statuses = [ask("/oauth2/token", remote_address=f"2001:db8::{number}").status for number in range(4)]
    assert statuses[-1] == 429


def test_health_and_preflights_are_not_counted(ask: Ask) -> None:
    assert {ask("/health/live", method="GET").status for _ in range(10)} == {200}
    assert {ask("/oauth2/token", method="OPTIONS").status for _ in range(10)} == {200}


def test_paths_that_are_not_listed_count_too(ask: Ask) -> None:
    assert [ask(f"/probe-{number}").status for number in range(6)][-1] == 429


def test_switched_off_nothing_is_counted(routes: Routes, refusals: Refusals) -> None:
    link = RateLimit(RateLimiter(MemoryStorage(), LIMITS, enabled=False), routes.find, refusals)
    request = Request("POST", "/oauth2/token")
    assert {link(request, lambda _: Response(200)).status for _ in range(10)} == {200}


@pytest.mark.parametrize(
    ("authorization", "client"),
    [("Basic YTpi", "a"), ("basic YSUyMGI6Yg==", "a b"), ("Basic !!", ""), ("Basic /w==", ""), ("Bearer x", "form")],
)
def test_the_claimed_client_is_read_from_header_or_form(authorization: str, client: str) -> None:
    headers = {"authorization": authorization, "content-type": "application/x-www-form-urlencoded"}
    assert claimed_client(Request("POST", "/", headers=headers, body=b"client_id=form")) == client
