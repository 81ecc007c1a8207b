"""`authserver init` and `authserver db`."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from authserver.storage import migrations
from tests.unit.cli.conftest import CommandLine


def test_empty_database_becomes_ready(on_empty_database: CommandLine) -> None:
    assert on_empty_database.refusal("clients", "list") == (
        1,
        "authserver: the database is empty: run `authserver init`",
    )
    done = on_empty_database.json("init")
    assert done["revision"] == migrations.HEAD
    assert {key["state"] for key in on_empty_database.json("keys", "list")} == {"active"}
    assert {scope["scope"] for scope in on_empty_database.json("scopes", "list")} >= {"openid", "offline_access"}
    assert done["administrator"]["preferred_username"] == "admin"


def test_repetition_changes_nothing(authserver: CommandLine) -> None:
    authserver("init")
    again = authserver.json("init", "--admin-email", "other@example.org")
    assert again == {"revision": migrations.HEAD, "keys": [], "administrator": None}
    assert len(authserver.json("users", "list")) == 1


def test_one_time_password_goes_to_a_private_file_where_there_is_no_terminal(authserver: CommandLine) -> None:
    done = authserver.run("init", "--admin-email", "ada@example.org")
    path = Path(authserver.environ["AUTHSERVER_INSTANCE_DIR"]) / "admin-password"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().strip() not in done.output
    assert str(path) in done.output


def test_password_from_standard_input_is_not_to_be_changed(authserver: CommandLine) -> None:
    done = authserver.json(
        "init", "--admin-email", "ada@example.org", "--admin-password-stdin", stdin="Correct-horse-7\n"
    )
    assert done["administrator"]["email"] == "ada@example.org"
    assert "password_file" not in done["administrator"]
    assert "password" not in done["administrator"]


@pytest.mark.parametrize("args", [("--admin-email", "nonsense"), ("--admin-password-stdin",)])
def test_wish_that_cannot_be_granted_is_refused(authserver: CommandLine, args: tuple[str, ...]) -> None:
    assert authserver.refusal("init", *args, stdin="short")[0] == 1
    assert authserver.json("users", "list") == []


def test_eight_at_once_make_one_of_everything(on_empty_database: CommandLine, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "authserver", "init", "--json"]
    environ = os.environ | on_empty_database.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    started = [
        subprocess.Popen(command, env=environ, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(8)
    ]
    outputs = [process.communicate(timeout=150) for process in started]
    assert [process.returncode for process in started] == [0] * 8, outputs
    made = [json.loads(output)["administrator"] for output, _ in outputs]
    assert len([administrator for administrator in made if administrator]) == 1
    keys = on_empty_database.json("keys", "list")
    assert sorted(key["alg"] for key in keys) == ["ECDH-ES", "ES256", "EdDSA", "PS256", "RS256", "RSA-OAEP-256"]
    assert len(on_empty_database.json("users", "list")) == 1


def test_schema_goes_up_and_down_and_is_checked(on_empty_database: CommandLine) -> None:
    assert on_empty_database("db", "current").strip() == "base"
    assert on_empty_database.run("db", "check").exit_code == 1
    assert on_empty_database.json("db", "upgrade") == {"revision": migrations.HEAD, "head": migrations.HEAD}
    assert on_empty_database.json("db", "check") == {"current": True, "differences": []}
    assert on_empty_database("db", "downgrade", "base").strip() == "base"
