"""`authserver keys`."""

from __future__ import annotations

from pathlib import Path

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


def _with_new_sealing_key(authserver: CommandLine) -> Path:
    """Put another sealing key in place; the file of the previous one."""
    file = Path(authserver.environ["AUTHSERVER_KEYS_DIR"]) / "sealing-key"
    previous = file.rename(file.with_name("sealing-key.old"))
    file.write_text("ab" * 32)
    file.chmod(0o600)
    return previous


def test_a_new_sealing_key_takes_over(authserver: CommandLine) -> None:
    authserver("init", "--admin-email", "root@example.com")
    authserver("worker", "--once")
    previous = _with_new_sealing_key(authserver)
    done = authserver.json("keys", "reseal", "--previous-key", str(previous))
    assert done["signing_keys"] == len(authserver.json("keys", "list"))
    assert done["person_keys"] > 0
    assert done["installation_keys"] == 1
    assert set(authserver.json("keys", "reseal", "--previous-key", str(previous)).values()) == {0}


def test_a_client_secret_that_is_a_key_goes_on_under_a_new_sealing_key(authserver: CommandLine) -> None:
    authserver("init", "--admin-email", "root@example.com")
    made = ("--name", "M", "--grant", "client_credentials", "--auth-method", "client_secret_jwt")
    authserver("clients", "create", "--id", "machine", *made)
    authserver("worker", "--once")
    previous = _with_new_sealing_key(authserver)
    assert authserver.json("keys", "reseal", "--previous-key", str(previous))["client_secrets"] == 1
    assert authserver.json("keys", "reseal", "--previous-key", str(previous))["client_secrets"] == 0


def test_another_key_than_the_previous_one_changes_nothing(authserver: CommandLine, tmp_path: Path) -> None:
    authserver("init", "--admin-email", "root@example.com")
    authserver("worker", "--once")
    _with_new_sealing_key(authserver)
    wrong, no_key = tmp_path / "wrong", tmp_path / "no-key"
    wrong.write_text("cd" * 32)
    no_key.write_text("short")
    assert authserver.refusal("keys", "reseal", "--previous-key", str(wrong))[0] == 1
    assert authserver.refusal("keys", "reseal", "--previous-key", str(no_key))[0] == 2


def test_events_that_wait_are_written_first(authserver: CommandLine) -> None:
    authserver("init", "--admin-email", "root@example.com")
    previous = _with_new_sealing_key(authserver)
    code, said = authserver.refusal("keys", "reseal", "--previous-key", str(previous))
    assert (code, "events wait" in said) == (1, True)
