"""The files of an SQLite database: nobody but their owner may read password hashes and sealed keys."""

from __future__ import annotations

import os
from pathlib import Path


def make_private(path: Path) -> None:
    """Make an empty database file readable by its owner alone; SQLite gives its other files the same mode.

    An existing file keeps what its owner chose.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return
