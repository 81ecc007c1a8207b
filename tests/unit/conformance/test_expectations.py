"""Only what is written down may come out otherwise than passed, and a failure never."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.expectations import Expectations
from conformance.outcomes import Finding, Outcome


def outcome(result: str, *conditions: str, run: str = "basic-static", status: str = "FINISHED") -> Outcome:
    found = tuple(Finding("WARNING", condition, "") for condition in conditions)
    return Outcome(run, "oidcc-x", {}, "id", status, result, 1.0, found)


def known(tmp_path: Path, **entry: object) -> Expectations:
    (tmp_path / "some.json").write_text(json.dumps({"oidcc-x": [{"reason": "because", **entry}]}))
    return Expectations.read(tmp_path)


def test_what_is_in_the_repository_can_be_read() -> None:
    assert Expectations.read().by_module


def test_passed_needs_no_reason(tmp_path: Path) -> None:
    assert Expectations.read(tmp_path).reason(outcome("PASSED")) == ""


@pytest.mark.parametrize("result", ["FAILED", "WARNING", "SKIPPED", "REVIEW", "UNKNOWN"])
def test_what_is_not_written_down_is_not_expected(tmp_path: Path, result: str) -> None:
    assert Expectations.read(tmp_path).reason(outcome(result, "A")) is None


def test_skip_is_expected_in_the_runs_that_are_named(tmp_path: Path) -> None:
    expectations = known(tmp_path, result="SKIPPED", runs=["basic-*"])
    assert expectations.reason(outcome("SKIPPED")) == "because"
    assert expectations.reason(outcome("SKIPPED", run="hybrid-static")) is None
    assert expectations.reason(outcome("REVIEW")) is None


def test_warning_is_expected_of_the_conditions_that_are_named(tmp_path: Path) -> None:
    expectations = known(tmp_path, result="WARNING", conditions=["A"])
    assert expectations.reason(outcome("WARNING", "A")) == "because"
    assert expectations.reason(outcome("WARNING", "A", "B")) is None


def test_module_that_did_not_end_is_never_expected(tmp_path: Path) -> None:
    assert known(tmp_path, result="REVIEW").reason(outcome("REVIEW", status="INTERRUPTED")) is None


@pytest.mark.parametrize("entry", [{"result": "FAILED"}, {"result": "WARNING"}, {"result": "SKIPPED", "reason": ""}])
def test_failures_and_blank_reasons_cannot_be_expected(tmp_path: Path, entry: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"some\.json"):
        known(tmp_path, **entry)
