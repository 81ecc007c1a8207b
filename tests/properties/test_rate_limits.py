"""Properties 70 and 71: what goes over a limit is refused, and authentication is limited for each address."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st
from limits.storage import MemoryStorage

from authserver.edge.headers import FAILURE
from authserver.edge.rate_limit import RateLimit
from authserver.edge.refusals import Refusals
from authserver.edge.routes import Route, Routes
from authserver.protocol.messages import Request, Response, empty
from authserver.risk.rate_limits import SETTINGS, RateLimiter
from authserver.settings.schema import DEFAULTS

EXAMPLES = settings(max_examples=100, deadline=None)
START = 1_800_000_000
Ask = Callable[..., Response]

addresses = st.ip_addresses(v=4).map(str)
attempts = st.lists(st.sampled_from(["wrong", "right"]), min_size=11, max_size=40)


def limiter(**limits: str) -> RateLimiter:
    return RateLimiter(MemoryStorage(), dict.fromkeys(SETTINGS, "100000/second") | limits)


@contextmanager
def door(guard: RateLimiter) -> Iterator[Ask]:
    """A login page and a token endpoint behind the link; what `ask` is given is what they answer."""
    answer = empty(200)
    routes = Routes(
        [
            Route(("GET", "POST"), "/login", lambda _: answer, kind="page", limit="login"),
            Route(("POST",), "/oauth2/token", lambda _: answer, limit="token"),
        ]
    )
    link = RateLimit(guard, routes.find, Refusals(routes.kind_of))

    def ask(path: str, address: str, given: Response, body: bytes = b"") -> Response:
        nonlocal answer
        answer = given
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return link(Request("POST", path, headers=headers, body=body, remote_address=address), routes.handle)

    with time_machine.travel(START, tick=False):
        yield ask


def failure() -> Response:
    return empty(401).with_headers((FAILURE, "1"))


@EXAMPLES
@given(limit=st.integers(1, 60), window=st.sampled_from(["second", "minute", "hour"]), surplus=st.integers(1, 20))
def test_property_70_what_goes_over_the_limit_is_refused(limit: int, window: str, surplus: int) -> None:
    guard = limiter(token=f"{limit}/{window}")
    with time_machine.travel(START, tick=False):
        outcomes = [guard.hit("token", "someone") for _ in range(limit + surplus)]
    assert outcomes[:limit] == [None] * limit
    assert all(outcome is not None and 0 < outcome.retry_after <= outcome.window for outcome in outcomes[limit:])


@EXAMPLES
@given(limit=st.integers(1, 40), surplus=st.integers(1, 5), address=addresses)
def test_property_70_a_refusal_is_429_and_says_when_to_come_again(limit: int, surplus: int, address: str) -> None:
    with door(limiter(token=f"{limit}/minute")) as ask:
        answers = [ask("/oauth2/token", address, empty(200)) for _ in range(limit + surplus)]
    assert [answer.status for answer in answers] == [200] * limit + [429] * surplus
    assert all(1 <= int(answer.header("Retry-After") or 0) <= 60 for answer in answers[limit:])


@EXAMPLES
@given(limit=st.integers(1, 30), pause=st.integers(2, 59), later=st.integers(1, 30))
def test_property_70_no_window_wherever_it_begins_lets_more_than_the_limit_through(
    limit: int, pause: int, later: int
) -> None:
    """One at once, the others `pause` seconds later; a minute after the first, only its place is free again."""
    guard = limiter(token=f"{limit}/minute")
    with time_machine.travel(START, tick=False) as clock:
        assert guard.hit("token", "someone") is None
        clock.shift(pause)
        assert sum(guard.hit("token", "someone") is None for _ in range(limit - 1 + later)) == limit - 1
        clock.shift(61 - pause)
        assert sum(guard.hit("token", "someone") is None for _ in range(1 + later)) == 1


@EXAMPLES
@given(tries=attempts, address=addresses)
def test_property_71_ten_failed_logins_a_minute_from_one_address_are_the_limit(tries: list[str], address: str) -> None:
    """By default; successes do not count, and afterwards the right password is refused too."""
    with door(limiter(login=str(DEFAULTS["rate_limit_login"]))) as ask:
        answers = [ask("/login", address, failure() if attempt == "wrong" else empty(200)) for attempt in tries]
    failed = 0
    for attempt, answer in zip(tries, answers, strict=True):
        assert (answer.status == 429) == (failed >= 10)
        failed += attempt == "wrong" and answer.status != 429


@EXAMPLES
@given(first=addresses, second=addresses)
def test_property_71_the_limit_of_one_address_is_not_that_of_another(first: str, second: str) -> None:
    with door(limiter(login=str(DEFAULTS["rate_limit_login"]))) as ask:
        for _ in range(10):
            ask("/login", first, failure())
        assert ask("/login", first, empty(200)).status == 429
        assert ask("/login", second, empty(200)).status == (429 if first == second else 200)


@EXAMPLES
@given(names=st.lists(st.from_regex(r"[a-z]{1,12}", fullmatch=True), min_size=4, max_size=8), address=addresses)
def test_property_71_failed_client_authentication_counts_whatever_client_is_named(
    names: list[str], address: str
) -> None:
    with door(limiter(token="3/minute")) as ask:
        statuses = [ask("/oauth2/token", address, empty(401), f"client_id={name}".encode()).status for name in names]
    assert statuses == [401] * 3 + [429] * (len(names) - 3)
