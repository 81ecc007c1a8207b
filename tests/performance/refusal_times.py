"""How long the refusal of a login takes, by what was wrong: `python -m tests.performance.refusal_times`.

An unknown name must not be told from a wrong password by the clock. Both are
asked in turns, from addresses and for names of their own, so that neither
delays nor locks come into it, with the hashing parameters of production. The
medians are printed for a person to look at; nothing is asserted, because time
on a shared machine proves nothing.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address
from itertools import count
from pathlib import Path

from authserver.protocol.errors import AuthenticationError
from authserver.settings import Settings, load
from authserver.telemetry import context
from authserver.telemetry.context import RequestContext
from tests.installation import Installation, install

PEOPLE = 16
FIRST_ADDRESS = IPv4Address("10.0.0.1")
NETWORK = 256
"""Addresses of one neighbourhood, whose failures count together."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200, help="attempts of each kind")
    rounds = parser.parse_args(arguments).rounds
    with tempfile.TemporaryDirectory(prefix="authserver-times-") as name:
        server = install(_settings(Path(name)))
        try:
            times = _measure(server, rounds)
        finally:
            server.services.close()
    print(f"{'refused for':<16}{'median ms':>10}{'p5':>8}{'p95':>8}")
    for kind, found in times.items():
        cuts = statistics.quantiles(found, n=20)
        print(f"{kind:<16}{statistics.median(found):>10.2f}{cuts[0]:>8.2f}{cuts[-1]:>8.2f}")
    unknown, wrong = (statistics.median(found) for found in times.values())
    print(f"difference of the medians: {unknown - wrong:+.2f} ms ({unknown / wrong - 1:+.1%})")
    return 0


def _measure(server: Installation, rounds: int) -> dict[str, list[float]]:
    """Milliseconds of every attempt, by what was wrong with it."""
    people = [f"person{number}" for number in range(PEOPLE)]
    for person in people:
        server.add_user(person)
    addresses = (str(FIRST_ADDRESS + NETWORK * number) for number in count())
    kinds: dict[str, Callable[[int], str]] = {
        "unknown name": lambda number: f"nobody{number}",
        "wrong password": lambda number: people[number % PEOPLE],
    }
    times: dict[str, list[float]] = {kind: [] for kind in kinds}
    for number in range(rounds):
        # Whoever comes first in a round pays for what the round before left behind, so they take turns.
        for kind in sorted(kinds, reverse=bool(number % 2)):
            times[kind].append(_refused(server, kinds[kind](number), next(addresses)))
    return times


def _refused(server: Installation, login: str, address: str) -> float:
    with context.bind(RequestContext("times", address, "refusal_times")):
        began = time.perf_counter()
        try:
            server.services.password_authentication.check(login, "Not-the-password-1")
        except AuthenticationError:
            return (time.perf_counter() - began) * 1000
    raise AssertionError(f"{login} was let in")


def _settings(directory: Path) -> Settings:
    overrides = {
        "environment": "testing",
        "issuer": "http://127.0.0.1:8000",
        "instance_dir": directory / "instance",
        "keys_dir": directory / "keys",
        "database_url": f"sqlite:///{directory / 'authserver.db'}",
        "lockout_identifier_threshold": 1_000_000,
    }
    return load(environ={}, overrides=overrides)


if __name__ == "__main__":
    raise SystemExit(main())
