"""Secrets that development and testing make for themselves: one file each, agreed on by all processes."""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path

SECRET_BYTES = 32


def read_or_create(directory: Path, name: str) -> str:
    """The text of the secret `name`, made on first use; of processes that start at once all get the same.

    Raises:
        OSError: the directory or file cannot be made or read.
    """
    path = directory / name
    if not path.exists():
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory.chmod(0o700)
        _create(path, base64.urlsafe_b64encode(secrets.token_bytes(SECRET_BYTES)).decode().rstrip("="))
    return path.read_text().removesuffix("\n")


def _create(path: Path, text: str) -> None:
    """Write a whole private file, then link it: the first link wins, and nobody ever reads half a secret."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            return
    finally:
        draft.unlink(missing_ok=True)
