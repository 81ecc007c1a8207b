"""The coverage gate counts what it says and rounds in nobody's favour."""

from __future__ import annotations

from typing import Any

import pytest

from tests.coverage_gate import Gate, measure


def _file(lines: tuple[int, int], branches: tuple[int, int]) -> dict[str, Any]:
    (covered_lines, num_statements), (covered_branches, num_branches) = lines, branches
    summary = {
        "covered_lines": covered_lines,
        "num_statements": num_statements,
        "covered_branches": covered_branches,
        "num_branches": num_branches,
        "missing_lines": num_statements - covered_lines,
        "missing_branches": num_branches - covered_branches,
    }
    return {"summary": summary}


def test_lines_and_branches_are_counted_over_all_files() -> None:
    report = {"files": {"authserver/a.py": _file((8, 10), (3, 4)), "authserver/b/c.py": _file((0, 10), (0, 4))}}
    lines, branches = measure(report)
    assert (lines.percent, branches.percent) == (40.0, 37.5)
    assert not lines.is_kept
    assert not branches.is_kept


def test_a_deciding_package_is_held_to_more_than_the_rest() -> None:
    report = {"files": {"authserver/grants/server.py": _file((10, 10), (8, 10))}}
    assert [(gate.name, gate.is_kept) for gate in measure(report)] == [
        ("lines", True),
        ("branches", True),
        ("branches of grants", False),
    ]


def test_a_package_that_does_not_exist_is_passed_over() -> None:
    report = {"files": {"authserver/cli/main.py": _file((10, 10), (10, 10))}}
    assert [gate.name for gate in measure(report)] == ["lines", "branches"]


@pytest.mark.parametrize(("covered", "kept"), [(8999, False), (9000, True)])
def test_a_share_just_below_the_gate_breaks_it(covered: int, kept: bool) -> None:
    assert Gate("branches", covered, 10_000, 90.0).is_kept is kept


def test_of_nothing_everything_is_covered() -> None:
    assert Gate("branches", 0, 0, 90.0).is_kept
