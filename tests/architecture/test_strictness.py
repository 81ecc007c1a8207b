"""A skip fails where everything is required, and a run fails whose coverage is too small."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.product import ROOT
from tests.strictness import REQUIRE_ALL

SKIPS = [
    "import pytest\ndef test_it(): pytest.skip('no Redis')",
    "import pytest\n@pytest.mark.skip(reason='no Redis')\ndef test_it(): pass",
    "import pytest\n@pytest.fixture\ndef redis(): pytest.skip('no Redis')\ndef test_it(redis): pass",
    "import pytest\npytest.skip('no Redis', allow_module_level=True)",
]


def _run(directory: Path, text: str, *options: str, required: str) -> subprocess.CompletedProcess[str]:
    (directory / "pytest.ini").write_text(f"[pytest]\npythonpath = {ROOT}\n")
    (directory / "test_sample.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.strictness", "-p", "no:cacheprovider", *options]
    environ = os.environ | {REQUIRE_ALL: required, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=directory, env=environ, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("text", SKIPS)
def test_a_skip_fails_with_its_reason_where_everything_is_required(tmp_path: Path, text: str) -> None:
    run = _run(tmp_path, text, required="1")
    assert run.returncode != 0, run.stdout
    assert "everything is required here: Skipped: no Redis" in run.stdout or "here: no Redis" in run.stdout


@pytest.mark.parametrize("text", SKIPS[:3])
def test_a_skip_is_a_skip_elsewhere(tmp_path: Path, text: str) -> None:
    run = _run(tmp_path, text, "-rs", required="")
    assert run.returncode == 0, run.stdout
    assert "no Redis" in run.stdout


def test_an_expected_failure_is_not_a_skip(tmp_path: Path) -> None:
    run = _run(tmp_path, "import pytest\n@pytest.mark.xfail\ndef test_it(): assert False", required="1")
    assert run.returncode == 0, run.stdout


def _report(covered: int) -> str:
    summary = {"covered_lines": covered, "num_statements": 100, "covered_branches": covered, "num_branches": 100}
    missing = {"missing_lines": 100 - covered, "missing_branches": 100 - covered}
    return json.dumps({"files": {"authserver/cli/main.py": {"summary": summary | missing}}})


@pytest.mark.parametrize(("covered", "status"), [(90, 0), (60, 1)])
def test_the_status_of_a_run_follows_from_its_coverage(tmp_path: Path, covered: int, status: int) -> None:
    (tmp_path / "coverage.json").write_text(_report(covered))
    run = _run(tmp_path, "def test_it(): pass", "--coverage-gate", required="")
    assert run.returncode == status, run.stdout
    assert run.stdout.strip().splitlines()[-1].startswith("1 passed")


def test_coverage_that_was_not_measured_fails_the_run(tmp_path: Path) -> None:
    assert _run(tmp_path, "def test_it(): pass", "--coverage-gate", required="").returncode == 1


def test_a_run_that_skipped_something_is_not_held_to_the_gates(tmp_path: Path) -> None:
    (tmp_path / "coverage.json").write_text(_report(60))
    run = _run(tmp_path, SKIPS[0] + "\ndef test_other(): pass", "--coverage-gate", required="")
    assert run.returncode == 0, run.stdout
    assert "Not enforced" in run.stdout
