"""What a whole run demands beyond its tests: nothing skipped where everything is required, and enough coverage."""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from pathlib import Path

import hypothesis
import pytest

from tests import coverage_gate

REQUIRE_ALL = "AUTHSERVER_TEST_REQUIRE_ALL"


def requires_all() -> bool:
    """Say whether a skipped test counts as failed."""
    return os.environ.get(REQUIRE_ALL, "") not in ("", "0")


def pytest_configure() -> None:
    """Properties look for new examples wherever a person runs them; what decides about a change tries the same ones.

    Otherwise a change could fail on what it has not touched.
    """
    hypothesis.settings.register_profile("required", derandomize=True)
    if requires_all():
        hypothesis.settings.load_profile("required")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--coverage-gate`: the run fails when coverage falls below what `tests/coverage_gate.py` demands."""
    parser.addoption("--coverage-gate", action="store_true", help="fail when the product is covered too little")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure with the same reason, where everything is required."""
    report = yield
    if requires_all() and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, but everything is required here: {_reason(report)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a module that skips itself while it is imported."""
    report = yield
    if requires_all() and report.outcome == "skipped":
        report.outcome = "failed"
        report.longrepr = f"skipped, but everything is required here: {_reason(report)}"
    return report


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    return str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the gates, and fail the run when one is broken; a run that skipped something is not held to them."""
    if not config.getoption("--coverage-gate"):
        return
    terminalreporter.section("coverage gates")
    path = Path(config.rootpath, "coverage.json")
    if not path.exists():
        terminalreporter.write_line("no coverage was measured")
        config.stash[BROKEN] = True
        return
    report = json.loads(path.read_text())
    gates = coverage_gate.measure(report)
    for gate in gates:
        terminalreporter.write_line(str(gate), red=not gate.is_kept)
    if all(gate.is_kept for gate in gates):
        return
    terminalreporter.write_line("lines and branches missed:")
    for line in coverage_gate.weakest(report):
        terminalreporter.write_line(line)
    if terminalreporter.stats.get("skipped"):
        terminalreporter.write_line("Not enforced: tests were skipped, so this is not the whole coverage.")
        return
    config.stash[BROKEN] = True


BROKEN = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    """The summary is printed by an inner hook; the status of the run follows from it."""
    yield
    if session.config.stash.get(BROKEN, False) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
