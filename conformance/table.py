"""The table of results, for the terminal and for `conformance/README.md`, where it stands between two marks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from conformance.outcomes import FAILED, PASSED, REVIEW, SKIPPED, WARNING, Outcome
from conformance.plans.catalog import Run

README = Path(__file__).parent / "README.md"
BEGIN, END = "<!-- results: written by conformance.runner -->", "<!-- end of results -->"
COMMAND = "python -m conformance.runner --clients clients.json --write-table RUN"
RESULTS = (PASSED, REVIEW, WARNING, SKIPPED, FAILED)
HEADING = ("run", "plan", "variant", *(result.lower() for result in RESULTS), "seconds")

Row = tuple[str, ...]


def row(run: Run, outcomes: Sequence[Outcome]) -> Row:
    """One line of the table."""
    counted = Counter(outcome.verdict for outcome in outcomes)
    variant = ", ".join(f"{name}={value}" for name, value in run.variant.items()) or "-"
    seconds = sum(outcome.seconds for outcome in outcomes)
    return (run.name, run.plan, variant, *(str(counted[result]) for result in RESULTS), f"{seconds:.0f}")


def lines(rows: Iterable[Row]) -> list[str]:
    """The table in Markdown."""
    numbers = len(RESULTS) + 1
    rule = ["---"] * (len(HEADING) - numbers) + ["---:"] * numbers
    body = ((f"`{cells[0]}`", *cells[1:]) for cells in rows)
    return ["| " + " | ".join(cells) + " |" for cells in (HEADING, rule, *body)]


def section(version: str, rows: Iterable[Row], day: str) -> str:
    """What stands between the marks: the suite's version, the command, and the table."""
    said = f"Suite {version}, {day}. Each line was written by `{COMMAND}` with the name of the run;"
    said += " the seconds add up the times of its modules, several of which run at once."
    return "\n".join([BEGIN, "", said, "", *lines(rows), "", END])


def write(version: str, results: Mapping[str, Row], order: Sequence[str], path: Path = README) -> None:
    """Put new rows into the file; those of other runs stay if they are of the same version of the suite.

    Raises:
        ValueError: the file has no place for it.
    """
    text = path.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    old, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{path} has no marks for the table")
    kept = _read(old) if f"Suite {version}," in old else {}
    rows = {**kept, **results}
    sorted_rows = [rows[name] for name in order if name in rows]
    day = datetime.now(UTC).date().isoformat()
    path.write_text(before + section(version, sorted_rows, day) + after, encoding="utf-8")


def _read(text: str) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == len(HEADING) and cells[0].startswith("`"):
            name = cells[0].strip("`")
            found[name] = (name, *cells[1:])
    return found
