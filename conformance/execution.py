"""Runs modules: those that share a callback address one by one, others side by side, key rotation when all is quiet."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase
from subprocess import SubprocessError
from typing import Any

from conformance import outcomes
from conformance.outcomes import Finding, Outcome
from conformance.plans.catalog import Run
from conformance.suite import CREATED_BUT_WAITING, ENDED, Suite, SuiteError

KEY_ROTATION = "oidcc-server-rotate-keys"
"""Waits, when it is configured, until the server's keys were rotated."""
CONFIGURED_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Module:
    """One module of one run; `document` is what the suite knows it by."""

    run: Run
    plan_id: str
    document: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The suite's name of it."""
        return str(self.document["testModule"])

    @property
    def variant(self) -> Mapping[str, str]:
        """The variant that the plan fixes for it, besides that of the run."""
        return dict(self.document.get("variant") or {})


@dataclass(frozen=True, slots=True)
class Driver:
    """Takes one module from its start to its end.

    Attributes:
        suite: where it runs.
        rotate: rotates the server's keys.
        seconds: how long a module may take.
    """

    suite: Suite
    rotate: Callable[[], None]
    seconds: float

    def __call__(self, module: Module) -> Outcome:
        """Run a module to its end; one that the suite cannot run is an outcome too."""
        began = time.monotonic()
        try:
            return self._run(module, began)
        except (SuiteError, OSError, SubprocessError) as error:
            return self._outcome(module, "", ("ERROR", "FAILED"), began, (Finding("FAILURE", "driver", str(error)),))

    def _run(self, module: Module, began: float) -> Outcome:
        module_id = self.suite.create_module(module.plan_id, module.document)
        if module.name == KEY_ROTATION:
            self._rotate(module_id)
        status = self.suite.wait(module_id, ENDED, self.seconds)
        late: tuple[Finding, ...] = ()
        if status is None:
            state = self.suite.info(module_id)["status"]
            late = (Finding("FAILURE", "driver", f"still {state}, waiting for {self.suite.stop(module_id)}"),)
            status = outcomes.TIMEOUT
        result = str(self.suite.info(module_id).get("result") or "UNKNOWN")
        return self._outcome(module, module_id, (status, result), began, late)

    def _rotate(self, module_id: str) -> None:
        if self.suite.wait(module_id, ENDED | {CREATED_BUT_WAITING}, CONFIGURED_SECONDS) == CREATED_BUT_WAITING:
            self.rotate()
            self.suite.start(module_id)

    def _outcome(
        self, module: Module, module_id: str, ended: tuple[str, str], began: float, late: tuple[Finding, ...]
    ) -> Outcome:
        log = self.suite.log(module_id) if module_id else []
        return Outcome(
            run=module.run.name,
            module=module.name,
            variant=module.variant,
            module_id=module_id,
            status=ended[0],
            result=ended[1],
            seconds=time.monotonic() - began,
            findings=(*late, *outcomes.findings(log)),
            pages=tuple(outcomes.pages(log)),
            skipped=outcomes.why_skipped(log),
        )


def wanted(modules: Iterable[Module], patterns: Sequence[str]) -> list[Module]:
    """The modules whose names fit a pattern, all without patterns."""
    if not patterns:
        return list(modules)
    return [module for module in modules if any(fnmatchcase(module.name, pattern) for pattern in patterns)]


def execute(
    modules: Sequence[Module], drive: Callable[[Module], Outcome], jobs: int, ended: Callable[[Outcome], None]
) -> list[Outcome]:
    """Run modules, up to `jobs` at once, and tell `ended` of each.

    Two modules with the same callback address would end each other, so modules of static clients stand in one line
    for each set of clients. New keys would disturb whoever has just read the old ones, so they come last and alone.
    """
    quiet = [module for module in modules if module.name == KEY_ROTATION]
    lines = lanes([module for module in modules if module.name != KEY_ROTATION])

    def walk(line: Sequence[Module]) -> list[Outcome]:
        found = []
        for module in line:
            found.append(drive(module))
            ended(found[-1])
        return found

    with ThreadPoolExecutor(max_workers=jobs) as pool:
        done = [outcome for outcomes_of_line in pool.map(walk, lines) for outcome in outcomes_of_line]
    return [*done, *walk(quiet)]


def lanes(modules: Iterable[Module]) -> list[list[Module]]:
    """Modules that must not run at once in one line, every other one in a line of its own; long lines first."""
    lines: dict[str, list[Module]] = {}
    for index, module in enumerate(modules):
        lines.setdefault(module.run.clients or f"{index} alone", []).append(module)
    return sorted(lines.values(), key=len, reverse=True)
