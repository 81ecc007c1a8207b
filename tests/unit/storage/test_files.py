"""Database files are their owner's alone."""

from __future__ import annotations

from pathlib import Path

from authserver.storage.files import make_private


def test_new_database_file_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "instance" / "authserver.db"
    make_private(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_existing_database_file_keeps_its_mode_and_content(tmp_path: Path) -> None:
    path = tmp_path / "authserver.db"
    path.write_bytes(b"content")
    path.chmod(0o640)
    make_private(path)
    assert (path.stat().st_mode & 0o777, path.read_bytes()) == (0o640, b"content")
