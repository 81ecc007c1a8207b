"""The runner against a suite of our own: what it starts, what it waits for, what it says."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance import runner
from tests.unit.conformance.fake_suite import NEVER, ROTATION, FakeSuite

Run = Callable[..., int]
PAGE = {"src": "ExpectPage", "result": "REVIEW", "msg": "Show the page", "page_source": "<h1>Request error</h1>"}
COMPLAINT = {"src": "EnsureX", "result": "WARNING", "msg": "no x", "blockId": "1", "expected": "x"}
BLOCK = {"startBlock": True, "blockId": "1", "msg": "Token endpoint"}


@pytest.fixture
def run(suite: FakeSuite, clients_file: Callable[..., Path], tmp_path: Path) -> Run:
    """Run modules of the fake suite; the exit code."""

    def call(modules: list[str], *arguments: str) -> int:
        suite.modules = modules
        given = ["--clients", str(clients_file(suite.url)), "--pictures", str(tmp_path / "pictures")]
        return runner.main([*given, *arguments])

    return call


def test_plan_that_passes_ends_with_success(run: Run, suite: FakeSuite) -> None:
    assert run(["one", "two"], "basic-dynamic") == 0
    assert sorted(suite.started) == ["one", "two"]
    assert suite.plans[0]["name"] == "oidcc-basic-certification-test-plan"
    assert suite.plans[0]["variant"]["client_registration"] == "dynamic_client"


@pytest.mark.parametrize("result", ["FAILED", "WARNING", "SKIPPED", "UNKNOWN"])
def test_result_that_nobody_expects_ends_with_failure(run: Run, suite: FakeSuite, result: str) -> None:
    suite.results = {"one": result}
    assert run(["one"], "config") == 1


def test_complaint_is_printed_with_its_block_and_details(
    run: Run, suite: FakeSuite, capsys: pytest.CaptureFixture[str]
) -> None:
    suite.results, suite.logs = {"one": "WARNING"}, {"one": [BLOCK, COMPLAINT]}
    run(["one"], "config")
    assert 'WARNING EnsureX: no x [Token endpoint] {"expected": "x"}' in capsys.readouterr().out


def test_expected_skip_ends_with_success(run: Run, suite: FakeSuite, capsys: pytest.CaptureFixture[str]) -> None:
    name = "oidcc-request-uri-unsigned"
    suite.results = {name: "SKIPPED"}
    assert run([name], "dynamic-code") == 0
    assert "without a signature" in capsys.readouterr().out


def test_page_for_a_reviewer_is_kept(run: Run, suite: FakeSuite, tmp_path: Path) -> None:
    suite.results, suite.logs = {"oidcc-prompt-login": "REVIEW"}, {"oidcc-prompt-login": [PAGE]}
    assert run(["oidcc-prompt-login"], "config") == 0
    (kept,) = (tmp_path / "pictures" / "config").iterdir()
    assert "Request error" in kept.read_text()


def test_module_that_does_not_end_is_stopped(run: Run, suite: FakeSuite, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([NEVER], "config", "--seconds", "0") == 1
    assert suite.stopped == [NEVER]
    assert "https://op.example/lost" in capsys.readouterr().out


def test_keys_are_rotated_last_while_the_module_waits(run: Run, suite: FakeSuite, tmp_path: Path) -> None:
    mark = tmp_path / "rotated"
    command = f"{sys.executable} -c \"open('{mark}', 'w')\""
    assert run([ROTATION, "one"], "basic-dynamic", "--rotate-keys", command, "--settle", "0") == 0
    assert suite.started == ["one", ROTATION, ROTATION]
    assert mark.exists()


def test_rotation_that_fails_is_the_modules_failure(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([ROTATION], "config", "--rotate-keys", "false") == 1
    assert "returned non-zero exit status" in capsys.readouterr().out


def test_single_modules_can_be_chosen(run: Run, suite: FakeSuite) -> None:
    assert run(["oidcc-server", "other"], "config", "--only", "oidcc-*") == 0
    assert suite.started == ["oidcc-server"]


def test_suite_that_is_not_there_is_told_in_a_line(
    clients_file: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert runner.main(["--clients", str(clients_file("http://127.0.0.1:1")), "config"]) == 2
    assert capsys.readouterr().err.startswith("conformance: POST plan")


def test_nothing_to_run_is_no_success(run: Run) -> None:
    assert run(["one"], "config", "--only", "other") == 1


def test_token_of_the_suite_is_presented(run: Run, suite: FakeSuite) -> None:
    run(["one"], "config", "--api-token", "abc")
    assert suite.tokens == {"Bearer abc"}


def test_list_prints_every_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert runner.main(["--list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(runner.RUNS)
