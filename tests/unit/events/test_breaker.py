"""The circuit breaker."""

from __future__ import annotations

from authserver.events.breaker import FAILURES, MAX_HOSTS, OPEN_SECONDS, Breaker


class Clock:
    """A clock that moves when told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def broken(clock: Clock, key: str = "host") -> Breaker:
    breaker = Breaker(clock)
    for _ in range(FAILURES):
        breaker.failed(key)
    return breaker


def test_failures_in_a_row_open_the_circuit() -> None:
    breaker = broken(Clock())
    assert not breaker.admits("host")
    assert breaker.admits("another")


def test_a_success_in_between_keeps_it_closed() -> None:
    breaker = Breaker(Clock())
    for _ in range(FAILURES * 3):
        breaker.failed("host")
        breaker.succeeded("host")
    assert breaker.admits("host")


def test_after_a_while_one_request_may_try() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now += OPEN_SECONDS + 1
    assert [breaker.admits("host") for _ in range(3)] == [True, False, False]


def test_a_successful_try_closes_it_and_a_failed_one_opens_it_again() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now += OPEN_SECONDS + 1
    assert breaker.admits("host")
    breaker.failed("host")
    assert not breaker.admits("host")
    clock.now += OPEN_SECONDS + 1
    assert breaker.admits("host")
    breaker.succeeded("host")
    assert breaker.admits("host")
    assert breaker.admits("host")


def test_the_number_of_remembered_hosts_is_bounded() -> None:
    breaker = broken(Clock(), "first")
    for number in range(MAX_HOSTS):
        breaker.failed(f"host-{number}")
    assert breaker.admits("first")
