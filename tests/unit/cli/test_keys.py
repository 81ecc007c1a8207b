"""`authserver keys`."""

from __future__ import annotations

import pytest

from tests.unit.cli.conftest import CommandLine


@pytest.fixture
def kid(authserver: CommandLine) -> str:
    """The active key of the only algorithm."""
    (key,) = authserver.json("keys", "generate", "--algorithm", "ES256")
    assert key["state"] == "active"
    found: str = key["kid"]
    return found


def test_second_generation_publishes_the_next_key_once(authserver: CommandLine, kid: str) -> None:
    (following,) = authserver.json("keys", "generate", "--algorithm", "ES256")
    assert following["state"] == "next"
    assert authserver.json("keys", "generate", "--algorithm", "ES256") == [following]
    assert kid in authserver("keys", "list")


def test_rotation_waits_unless_forced(authserver: CommandLine, kid: str) -> None:
    (waiting,) = authserver.json("keys", "rotate", "--algorithm", "ES256")
    assert waiting["state"] == "next"
    (forced,) = authserver.json("keys", "rotate", "--algorithm", "ES256", "--force")
    assert (forced["state"], forced["previous_kid"]) == ("active", kid)
    states = {key["kid"]: key["state"] for key in authserver.json("keys", "list")}
    assert states == {kid: "retired", forced["kid"]: "active"}


def test_retired_key_verifies_until_it_is_removed(authserver: CommandLine, kid: str) -> None:
    assert authserver.json("keys", "retire", kid) == {"kid": kid, "state": "retired"}
    assert authserver.refusal("keys", "retire", kid)[0] == 1
    assert authserver.json("keys", "retire", kid, "--remove")["state"] == "removed"
    assert authserver.refusal("keys", "retire", "nobody")[0] == 1
