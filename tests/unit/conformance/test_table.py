"""The table of results is written between two marks and keeps the runs that were not run again."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance import table
from conformance.outcomes import Outcome
from conformance.plans.catalog import Run

RUN = Run("basic-static", "oidcc-basic", {"client_registration": "static_client"})
ORDER = ("config", "basic-static")


def outcome(result: str, status: str = "FINISHED") -> Outcome:
    return Outcome(RUN.name, "m", {}, "id", status, result, 1.4)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "README.md"
    path.write_text(f"# Title\n\n{table.BEGIN}\n{table.END}\n\nThe end.\n")
    return path


def row(name: str, passed: int) -> table.Row:
    return (name, "plan", "-", str(passed), "0", "0", "0", "0", "2")


def test_row_counts_results_and_takes_what_did_not_end_for_failed() -> None:
    found = table.row(RUN, [outcome("PASSED"), outcome("PASSED", "TIMEOUT"), outcome("REVIEW"), outcome("UNKNOWN")])
    assert found == ("basic-static", "oidcc-basic", "client_registration=static_client", "1", "1", "0", "0", "2", "6")


def test_rows_of_other_runs_stay(page: Path) -> None:
    table.write("5.9", {"basic-static": row("basic-static", 3)}, ORDER, page)
    table.write("5.9", {"config": row("config", 1)}, ORDER, page)
    text = page.read_text()
    assert text.index("| `config` |") < text.index("| `basic-static` | plan | - | 3 |")
    assert text.startswith("# Title\n")
    assert text.endswith("\nThe end.\n")
    assert "Suite 5.9" in text


def test_rows_of_another_version_of_the_suite_go(page: Path) -> None:
    table.write("5.8", {"basic-static": row("basic-static", 3)}, ORDER, page)
    table.write("5.9", {"config": row("config", 1)}, ORDER, page)
    assert "basic-static" not in page.read_text()


def test_page_without_marks_is_refused(page: Path) -> None:
    page.write_text("nothing")
    with pytest.raises(ValueError, match="no marks"):
        table.write("5.9", {}, ORDER, page)
    assert table.BEGIN in table.README.read_text()
