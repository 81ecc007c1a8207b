"""`authserver audit`."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from tests.unit.cli.conftest import CommandLine


def _with_entries(authserver: CommandLine) -> None:
    authserver("init", "--admin-email", "root@example.com")
    authserver("worker", "--once")


def test_a_whole_log_is_told_with_its_head(authserver: CommandLine) -> None:
    _with_entries(authserver)
    report = authserver.json("audit", "verify")
    assert (report["whole"], report["broken_at"], report["reason"]) == (True, None, None)
    assert report["entries"] > 0
    assert len(bytes.fromhex(report["head"])) == 32
    assert report["head"] in authserver("audit", "verify")


def test_the_first_changed_entry_is_a_refusal(authserver: CommandLine, tmp_path: Path) -> None:
    _with_entries(authserver)
    with sqlite3.connect(tmp_path / "authserver.db") as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.execute("UPDATE audit_log SET record = replace(record, 'success', 'failure') WHERE sequence = 2")
    database.close()
    assert authserver.refusal("audit", "verify") == (1, "authserver: entry 2 of the audit log: changed")
    assert authserver.run("audit", "verify", "--json").exit_code == 1
