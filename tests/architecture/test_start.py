"""What is loaded to start: a command imports what it needs, so that it answers at once and a worker stays small."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = frozenset(
    {"alembic", "authlib", "cryptography", "flask", "granian", "gunicorn", "jinja2", "joserfc", "sqlalchemy"}
)
OF_MIGRATIONS = frozenset({"alembic", "flask_migrate", "flask_sqlalchemy", "mako"})
OF_FEW_REQUESTS = frozenset({"phonenumbers", "psycopg", "redis", "smtplib"})
REHEARSAL = """
import os, threading
from pathlib import Path
from authserver import app
from authserver.settings import load

app.rehearse(load())
names = [os.readlink(item) for item in Path("/proc/self/fd").iterdir() if item.exists()]
print(threading.active_count(), [name for name in names if "instance" in name])
"""


# Where coverage is measured, every Python process would load what makes servers report theirs.
ENVIRON = {
    name: value for name, value in os.environ.items() if name != "PYTHONPATH" and not name.startswith("COVERAGE_")
} | {"PYTHONPATH": str(Path(__file__).parents[2])}


def _loaded(code: str, tmp_path: Path) -> set[str]:
    """The top-level modules that are there after `code`, in a Python of its own."""
    program = f"import sys\ntry:\n    {code}\nexcept SystemExit:\n    pass\nprint('\\n', *sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path, env=ENVIRON
    )
    return {name.partition(".")[0] for name in run.stdout.splitlines()[-1].split()}


def _loaded_by_command(arguments: list[str], tmp_path: Path) -> set[str]:
    return _loaded(f"from authserver.cli.group import cli; cli.main({arguments!r})", tmp_path)


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["doctor"], ["nonsense"]])
def test_what_needs_no_database_loads_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    assert _loaded_by_command(arguments, tmp_path) & HEAVY == set()


@pytest.mark.parametrize("command", ["clients", "users", "resources", "scopes", "explain"])
def test_commands_on_rows_load_no_server_and_no_migrations(command: str, tmp_path: Path) -> None:
    heavy = (HEAVY | OF_MIGRATIONS) - {"cryptography", "sqlalchemy"}
    assert _loaded_by_command([command, "--help"], tmp_path) & heavy == set()


def test_a_database_at_its_head_is_opened_without_flask_and_migrations(tmp_path: Path) -> None:
    _loaded_by_command(["init"], tmp_path)
    again = _loaded_by_command(["init"], tmp_path)
    assert "sqlalchemy" in again
    assert not again & (OF_MIGRATIONS | {"flask"})


def test_a_worker_of_the_server_loads_nothing_that_requests_do_not_need(tmp_path: Path) -> None:
    loaded = _loaded("import authserver.app", tmp_path)
    assert "flask" in loaded
    assert not loaded & (OF_MIGRATIONS | OF_FEW_REQUESTS)


def test_a_rehearsal_leaves_no_thread_and_nothing_open(tmp_path: Path) -> None:
    (tmp_path / "instance").mkdir()
    run = subprocess.run(
        [sys.executable, "-c", REHEARSAL], capture_output=True, text=True, check=True, cwd=tmp_path, env=ENVIRON
    )
    assert run.stdout.split(maxsplit=1) == ["1", "[]\n"]
