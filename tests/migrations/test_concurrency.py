"""Several instances that start at once make one schema."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from authserver.storage import Database, migrations

PROGRAM = """
from authserver import settings, storage
from authserver.storage import migrations
database = storage.open(settings.load())
print(migrations.upgrade(database))
"""


def test_eight_processes_at_once_make_one_schema(database: Database, database_url: str, tmp_path: Path) -> None:
    environ = os.environ | {
        "AUTHSERVER_DATABASE_URL": database_url,
        "AUTHSERVER_KEYS_DIR": str(tmp_path / "keys"),
        "AUTHSERVER_INSTANCE_DIR": str(tmp_path / "instance"),
    }
    command = [sys.executable, "-c", PROGRAM]
    started = [
        subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(8)
    ]
    outcomes = [(*process.communicate(timeout=120), process.returncode) for process in started]
    assert [outcome[2] for outcome in outcomes] == [0] * 8, outcomes
    assert {outcome[0].strip() for outcome in outcomes} == {migrations.HEAD}
    assert migrations.check(database) == []
