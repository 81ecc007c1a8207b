"""How a module ended, read from what it wrote down."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PASSED, WARNING, REVIEW, SKIPPED, FAILED = "PASSED", "WARNING", "REVIEW", "SKIPPED", "FAILED"
TIMEOUT = "TIMEOUT"

_NOT_DETAILS = frozenset(
    {
        "_id", "testId", "testOwner", "time", "src", "msg", "result", "blockId", "requirements", "testName", "headers",
        "stacktrace", "current_dom", "page_source", "original_exception_stacktrace", "stacktrace_lines",
    }
)  # fmt: skip
LONGEST_DETAILS = 900


@dataclass(frozen=True, slots=True)
class Finding:
    """What a condition of the suite complained about."""

    result: str
    condition: str
    text: str

    def __str__(self) -> str:
        return f"{self.result} {self.condition}: {self.text}"


@dataclass(frozen=True, slots=True)
class Page:
    """A page that a person has to look at: what the reviewer is asked for, and the page as the suite kept it."""

    asked: str
    source: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one module ended; `seconds` is how long it took."""

    run: str
    module: str
    variant: Mapping[str, str]
    module_id: str
    status: str
    result: str
    seconds: float
    findings: tuple[Finding, ...] = ()
    pages: tuple[Page, ...] = ()
    skipped: str = ""

    @property
    def ended(self) -> bool:
        """Whether the module came to its own end."""
        return self.status == "FINISHED"

    @property
    def verdict(self) -> str:
        """The suite's result, or FAILED for a module that did not come to its end."""
        return self.result if self.ended and self.result in {PASSED, WARNING, REVIEW, SKIPPED} else FAILED


def findings(log: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Failures and warnings of a log, with what the suite knew about them."""
    blocks = {str(entry["blockId"]): str(entry.get("msg")) for entry in log if entry.get("startBlock")}
    for entry in log:
        if entry.get("result") not in {"FAILURE", "WARNING"}:
            continue
        details = {name: value for name, value in entry.items() if name not in _NOT_DETAILS}
        text = json.dumps(details, ensure_ascii=False)[:LONGEST_DETAILS]
        block = blocks.get(str(entry.get("blockId")), "")
        yield Finding(entry["result"], str(entry.get("src")), f"{entry.get('msg')} [{block}] {text}")


def pages(log: Sequence[Mapping[str, Any]]) -> Iterator[Page]:
    """The pages that wait for a reviewer."""
    for entry in log:
        if entry.get("result") == REVIEW:
            yield Page(str(entry.get("msg")), str(entry.get("page_source", "")))


def why_skipped(log: Sequence[Mapping[str, Any]]) -> str:
    """What the suite says of a module that it left out."""
    return next((str(entry.get("msg")) for entry in reversed(log) if entry.get("result") == SKIPPED), "")
