"""axe-core, the accessibility checker, as npm brought it."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.servers import npm

SCRIPT = npm.PACKAGES / "axe-core" / "axe.min.js"
RUN = "axe.run({resultTypes: ['violations', 'passes']})"

missing = npm.missing


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
