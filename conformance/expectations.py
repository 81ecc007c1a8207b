"""What is known to come out otherwise than passed, and why that is right: `conformance/expected/*.json`.

Every file is one object: a module of the suite to a list of

    {"result": "SKIPPED", "reason": "…", "runs": ["basic-*"], "conditions": ["EnsureX"]}

`runs` are patterns of run names, all unless given. `conditions` are those that
may complain, needed for a warning; a failure is never expected.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from conformance.outcomes import PASSED, REVIEW, SKIPPED, WARNING, Outcome

DIRECTORY = Path(__file__).parent / "expected"
EXPECTABLE = (REVIEW, SKIPPED, WARNING)


@dataclass(frozen=True, slots=True)
class Expectation:
    """A result other than passed that a module may have, and why."""

    result: str
    reason: str
    runs: tuple[str, ...] = ("*",)
    conditions: frozenset[str] = frozenset()

    def fits(self, outcome: Outcome) -> bool:
        """Whether it covers all that was found."""
        if outcome.verdict != self.result or not any(fnmatchcase(outcome.run, pattern) for pattern in self.runs):
            return False
        found = {finding.condition for finding in outcome.findings if finding.result == WARNING}
        return found <= self.conditions if self.result == WARNING else True


@dataclass(frozen=True, slots=True)
class Expectations:
    """What may come of each module."""

    by_module: Mapping[str, Sequence[Expectation]]

    @classmethod
    def read(cls, directory: Path = DIRECTORY) -> Expectations:
        """Read every file of a directory.

        Raises:
            ValueError: a file says something that cannot be expected, or does not say why.
        """
        found: dict[str, list[Expectation]] = {}
        for path in sorted(directory.glob("*.json")):
            for module, entries in json.loads(path.read_text(encoding="utf-8")).items():
                found.setdefault(module, []).extend(_expectation(path, module, entry) for entry in entries)
        return cls(found)

    def reason(self, outcome: Outcome) -> str | None:
        """Why this outcome is right: empty for what passed, None for what nobody expects."""
        if outcome.verdict == PASSED:
            return ""
        known = self.by_module.get(outcome.module, ())
        return next((expectation.reason for expectation in known if expectation.fits(outcome)), None)


def _expectation(path: Path, module: str, entry: Mapping[str, Any]) -> Expectation:
    conditions = frozenset(entry.get("conditions", ()))
    if entry.get("result") not in EXPECTABLE or not entry.get("reason"):
        raise ValueError(f"{path.name}: {module}: takes a result of {', '.join(EXPECTABLE)} and a reason")
    if (entry["result"] == WARNING) != bool(conditions):
        raise ValueError(f"{path.name}: {module}: conditions go with a warning")
    return Expectation(entry["result"], entry["reason"], tuple(entry.get("runs", ("*",))), conditions)
