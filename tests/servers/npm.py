"""What tests take from npm: versions and digests are pinned in `tests/integration/node/package-lock.json`."""

from __future__ import annotations

import fcntl
import functools
import json
import shutil
import subprocess
from pathlib import Path

DIRECTORY = Path(__file__).resolve().parents[1] / "integration" / "node"
PACKAGES = DIRECTORY / "node_modules"
INSTALL = ("npm", "ci", "--no-audit", "--no-fund", "--silent")


def is_installed() -> bool:
    """Say whether every package is here in the version that the lock file names."""
    locked = json.loads((DIRECTORY / "package-lock.json").read_text())["packages"]
    return all(_version(path) == package["version"] for path, package in locked.items() if path)


def _version(path: str) -> str | None:
    try:
        return str(json.loads((DIRECTORY / path / "package.json").read_text())["version"])
    except FileNotFoundError:
        return None


def install() -> None:
    """Install the packages; of several test processes at once one does it and the others wait.

    Raises:
        subprocess.CalledProcessError: npm failed.
    """
    with (DIRECTORY / "package-lock.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_installed():
            subprocess.run(INSTALL, cwd=DIRECTORY, check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True)


@functools.cache
def missing() -> str | None:
    """Say what keeps the packages from being here, after an attempt to install them; None when nothing does."""
    if not shutil.which("npm") or not shutil.which("node"):
        return "Node.js is not installed (apt-get install nodejs npm)"
    try:
        install()
    except subprocess.CalledProcessError as error:
        return f"npm could not install what tests need: {error.stderr.strip()[-300:]}"
    return None
