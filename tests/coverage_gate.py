"""The coverage that the product must keep, read from what `coverage json` writes.

Lines and branches are counted apart: 80 % of lines and 75 % of branches
overall, and 90 % of branches in each package that decides who gets what. A
package that does not exist yet is passed over.

    python -m tests.coverage_gate [coverage.json]
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LINES = 80.0
BRANCHES = 75.0
DECIDING_BRANCHES = 90.0
DECIDING = ("protocol", "login", "authorize", "grants", "issuing", "tokens", "clients")


@dataclass(frozen=True, slots=True)
class Gate:
    """One measured share beside the least it may be, both in percent."""

    name: str
    covered: int
    total: int
    required: float

    @property
    def percent(self) -> float:
        """The measured share; of nothing, everything is covered."""
        return 100.0 * self.covered / self.total if self.total else 100.0

    @property
    def is_kept(self) -> bool:
        """Say whether the share is large enough, without rounding in its favour."""
        return self.covered * 100.0 >= self.required * self.total

    def __str__(self) -> str:
        verdict = "kept" if self.is_kept else "BROKEN"
        return f"{self.name:<28} {self.percent:6.1f} % of {self.total:>5}, at least {self.required:.0f} %: {verdict}"


def measure(report: Mapping[str, Any]) -> list[Gate]:
    """Return every gate that applies to the report."""
    files: Mapping[str, Any] = report["files"]
    gates = [
        _gate("lines", files.values(), "covered_lines", "num_statements", LINES),
        _gate("branches", files.values(), "covered_branches", "num_branches", BRANCHES),
    ]
    for package in DECIDING:
        inside = [data for path, data in files.items() if Path(path).parts[:2] == ("authserver", package)]
        if inside:
            name = f"branches of {package}"
            gates.append(_gate(name, inside, "covered_branches", "num_branches", DECIDING_BRANCHES))
    return gates


def _gate(name: str, files: Iterable[Mapping[str, Any]], covered: str, total: str, required: float) -> Gate:
    summaries = [data["summary"] for data in files]
    return Gate(name, sum(s[covered] for s in summaries), sum(s[total] for s in summaries), required)


def weakest(report: Mapping[str, Any], count: int = 12) -> list[str]:
    """Name the files with the most branches and lines that no test reaches."""

    def missed(summary: Mapping[str, int]) -> int:
        return summary["missing_lines"] + summary["missing_branches"]

    ranked = sorted(report["files"].items(), key=lambda item: -missed(item[1]["summary"]))
    return [f"{missed(data['summary']):>5}  {path}" for path, data in ranked[:count] if missed(data["summary"])]


def main() -> int:
    """Print the gates of a report; the status is 1 when one is broken."""
    path = Path(sys.argv[1] if len(sys.argv) > 1 else "coverage.json")
    report = json.loads(path.read_text())
    gates = measure(report)
    broken = [gate for gate in gates if not gate.is_kept]
    lines = [str(gate) for gate in gates]
    if broken:
        lines += ["", "lines and branches missed:", *weakest(report)]
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
