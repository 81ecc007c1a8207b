"""The door for the suite's wishes about CIBA requests hands them to the server and opens for nothing else."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from conformance.hooks import approvals


class Decisions:
    """Takes what it is told, or refuses."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str]] = []
        self.error: OSError | None = None

    def __call__(self, auth_req_id: str, action: str) -> None:
        if self.error is not None:
            raise self.error
        self.taken.append((auth_req_id, action))


@pytest.fixture
def decisions() -> Decisions:
    return Decisions()


@pytest.fixture
def door(decisions: Decisions) -> Iterator[str]:
    with approvals(decisions, ("127.0.0.1", 0)) as url:
        yield url


def post(url: str) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, b"", method="POST"), timeout=30) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.mark.parametrize("action", ["allow", "deny"])
def test_wish_is_handed_to_the_server(door: str, decisions: Decisions, action: str) -> None:
    assert post(door.format(auth_req_id="abc-123", action=action)) == 200
    assert decisions.taken == [("abc-123", action)]


@pytest.mark.parametrize(("auth_req_id", "action"), [("", "allow"), ("abc", "erase"), ("abc", "")])
def test_anything_else_is_refused(door: str, decisions: Decisions, auth_req_id: str, action: str) -> None:
    assert post(door.format(auth_req_id=auth_req_id, action=action)) == 400
    assert decisions.taken == []


def test_refusal_of_the_server_is_told_to_the_suite(door: str, decisions: Decisions) -> None:
    decisions.error = ConnectionRefusedError("nobody there")
    assert post(door.format(auth_req_id="abc", action="allow")) == 502
