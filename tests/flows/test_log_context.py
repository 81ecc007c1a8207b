"""Whom a request concerned stands in its log line, once the server knows."""

from __future__ import annotations

import io
from collections.abc import Iterator

import orjson
import pytest

from authserver.telemetry import logs
from tests.relying_party import Browser, RelyingParty
from tests.servers.process import wait_until


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    logs.configure("info", "json", stream)
    yield stream
    logs.configure("warning")


def shown(lines: io.StringIO, path: str) -> dict[str, str]:
    """The last access line of a path; lines are written a few times a second."""

    def of_path() -> list[dict[str, str]]:
        found = (orjson.loads(line) for line in lines.getvalue().splitlines())
        return [line for line in found if line.get("path") == path]

    wait_until(lambda: bool(of_path()), what=f"a line of {path}")
    return of_path()[-1]


def test_a_journey_names_client_person_and_session(lines: io.StringIO, relying_party: RelyingParty) -> None:
    party, alice = relying_party, relying_party.installation.users["alice"].id
    tokens = party.tokens(Browser(party.installation), scope="openid")
    line = shown(lines, "/oauth2/token")
    assert (line["client_id"], line["user_id"]) == (party.client_id, alice)
    assert shown(lines, "/login")["user_id"] == alice
    assert line["session_id"] == shown(lines, "/login")["session_id"]
    party.installation.get("/oauth2/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert shown(lines, "/oauth2/userinfo")["user_id"] == alice
    assert "alice" not in lines.getvalue()
