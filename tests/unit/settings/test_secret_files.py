"""Secrets that development makes for itself."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from authserver.settings.secret_files import read_or_create

PROGRAM = """
import sys
from pathlib import Path
from authserver.settings.secret_files import read_or_create
sys.stdin.readline()
print(read_or_create(Path(sys.argv[1]), "pepper"))
"""


def test_a_secret_is_made_once_and_private(tmp_path: Path) -> None:
    directory = tmp_path / "keys"
    assert read_or_create(directory, "pepper") == read_or_create(directory, "pepper")
    assert (directory / "pepper").stat().st_mode & 0o777 == 0o600
    assert directory.stat().st_mode & 0o777 == 0o700


def test_a_directory_that_was_open_is_closed_with_its_first_secret(tmp_path: Path) -> None:
    directory = tmp_path / "keys"
    directory.mkdir(mode=0o755)
    read_or_create(directory, "pepper")
    assert directory.stat().st_mode & 0o777 == 0o700


def test_secrets_differ(tmp_path: Path) -> None:
    assert len({read_or_create(tmp_path, name) for name in ("pepper", "sealing-key", "application-secret")}) == 3


def test_threads_that_start_at_once_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        found = set(pool.map(lambda _: read_or_create(tmp_path / "keys", "pepper"), range(64)))
    assert len(found) == 1
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["pepper"]


def test_eight_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "keys")]
    pipe = subprocess.PIPE
    started = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(8)]
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    found = {process.communicate()[0] for process in started}
    assert len(found) == 1
    assert len(found.pop().strip()) == 43
