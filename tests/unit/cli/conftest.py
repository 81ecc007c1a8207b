"""The command line in this process, on a database of this test's own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from authserver.cli.group import cli


@dataclass
class CommandLine:
    """Runs commands with an environment that knows nothing else."""

    environ: dict[str, str]
    runner: CliRunner = field(default_factory=CliRunner)

    def run(self, *args: str, stdin: str | None = None) -> Result:
        """Run a command, whatever comes of it."""
        return self.runner.invoke(cli, list(args), input=stdin, env=self.environ)

    def __call__(self, *args: str, stdin: str | None = None) -> str:
        """Run a command that must work; what it printed."""
        result = self.run(*args, stdin=stdin)
        assert result.exit_code == 0, result.output
        return result.stdout

    def json(self, *args: str, stdin: str | None = None) -> Any:
        """Run a command that must work, with `--json`; what it printed."""
        return json.loads(self(*args, "--json", stdin=stdin))

    def refusal(self, *args: str, stdin: str | None = None) -> tuple[int, str]:
        """Run a command that must not work; exit code and the one line on standard error."""
        result = self.run(*args, stdin=stdin)
        assert result.stdout == ""
        assert result.stderr.count("\n") == 1
        return result.exit_code, result.stderr.strip()


@pytest.fixture
def make_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], CommandLine]:
    """Make a command line for the database at an address."""
    monkeypatch.chdir(tmp_path)

    def make(database_url: str) -> CommandLine:
        return CommandLine(
            {
                "AUTHSERVER_ENVIRONMENT": "testing",
                "AUTHSERVER_ISSUER": "http://127.0.0.1:8000",
                "AUTHSERVER_DATABASE_URL": database_url,
                "AUTHSERVER_INSTANCE_DIR": str(tmp_path / "instance"),
                "AUTHSERVER_KEYS_DIR": str(tmp_path / "keys"),
                "AUTHSERVER_ARGON2_MEMORY_KIB": "64",
                "AUTHSERVER_ARGON2_TIME_COST": "1",
            }
        )

    return make


@pytest.fixture
def authserver(make_command_line: Callable[[str], CommandLine], _migrated_sqlite: Path, tmp_path: Path) -> CommandLine:
    """The command line on a migrated database with nothing in it."""
    path = tmp_path / "authserver.db"
    shutil.copyfile(_migrated_sqlite, path)
    return make_command_line(f"sqlite:///{path}")


@pytest.fixture
def on_empty_database(make_command_line: Callable[[str], CommandLine], database_url: str) -> CommandLine:
    """The command line on a database without a schema, on SQLite and on PostgreSQL."""
    return make_command_line(database_url)
