"""axe-core, the accessibility checker: from `node_modules/`, where npm puts it when it is not there yet."""

from __future__ import annotations

import functools
import shutil
import subprocess
from pathlib import Path

from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "axe-core@4.14.1"
SCRIPT = ROOT / "node_modules" / "axe-core" / "axe.min.js"
RUN = "axe.run({resultTypes: ['violations', 'passes']})"


@functools.cache
def missing() -> str | None:
    """Say what keeps axe-core from running here, after an attempt to install it; None when nothing does."""
    if SCRIPT.exists():
        return None
    if not shutil.which("npm"):
        return "axe-core is not installed, and npm is missing (apt-get install npm)"
    command = ["npm", "install", "--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--silent", PACKAGE]
    ended = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return None if SCRIPT.exists() else f"npm could not install {PACKAGE}: {ended.stderr.strip()[-300:]}"


def findings(tab: Page) -> list[str]:
    """What is wrong on the page that `tab` shows, one line a piece.

    Raises:
        RuntimeError: axe-core looked at nothing, so its silence would mean nothing.
    """
    tab.evaluate(SCRIPT.read_text())
    found = tab.evaluate(RUN)
    if not found["passes"]:
        raise RuntimeError("axe-core checked nothing")
    return [
        f"axe {violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
