"""Drives a suite that runs already: `python -m conformance.runner --clients clients.json RUN…`.

Exit code 1 means that something came out otherwise than `expected` says, 2 that the suite or a file was not there.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from conformance import execution, hooks, table
from conformance.execution import Driver, Module
from conformance.expectations import Expectations
from conformance.outcomes import FAILED, WARNING, Outcome
from conformance.person import Person
from conformance.plans import catalog
from conformance.plans.catalog import RUNS, Run
from conformance.plans.configuration import Prepared, configuration
from conformance.suite import Suite, SuiteError, trust

PICTURES = Path("test-artifacts/conformance")
ROTATE = "authserver keys rotate --force --alg RS256"
"""One algorithm suffices, and suite 5.2.4 takes a new key of Ed25519 for an error."""


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m conformance.runner", description="Run plans of the suite.")
    parser.add_argument("runs", nargs="*", metavar="RUN", help="names or patterns, `basic-*` for example")
    parser.add_argument("--list", action="store_true", help="print the names of all runs and end")
    parser.add_argument("--only", nargs="+", default=[], metavar="MODULE", help="names or patterns of modules")
    parser.add_argument("--clients", type=Path, default=Path("clients.json"), help="what `conformance prepare` wrote")
    parser.add_argument("--ca", type=Path, help="who vouches for the certificates of suite and server (PEM)")
    parser.add_argument("--insecure", action="store_true", help="accept any certificate of the suite")
    parser.add_argument("--api-token", default="", help="for a suite that is not in development mode")
    parser.add_argument("--jobs", type=int, default=4, help="how many modules may run at once")
    parser.add_argument("--seconds", type=float, default=240, help="how long one module may take")
    parser.add_argument("--rotate-keys", default=ROTATE, metavar="COMMAND", help=f"rotates signing keys ({ROTATE})")
    parser.add_argument("--settle", type=float, default=hooks.SEEN_AFTER_SECONDS, help="seconds to wait after that")
    parser.add_argument("--approvals", default="127.0.0.1:0", metavar="HOST:PORT", help="where CIBA wishes arrive")
    parser.add_argument("--pictures", type=Path, default=PICTURES, help="keeps the pages that a person has to look at")
    parser.add_argument("--write-table", action="store_true", help="put the results into conformance/README.md")
    return parser.parse_args(given)


class Report:
    """Prints what happens, counts what nobody expects, and keeps the pages."""

    def __init__(self, expectations: Expectations, pictures: Path) -> None:
        self._expectations = expectations
        self._pictures = pictures
        self._lock = threading.Lock()
        self.unexpected: list[Outcome] = []

    def __call__(self, outcome: Outcome) -> None:
        """One module has ended."""
        with self._lock:
            reason = self._expectations.reason(outcome)
            if reason is None:
                self.unexpected.append(outcome)
            mark = "!" if reason is None else " "
            print(f"{mark} {outcome.verdict:8} {outcome.seconds:6.1f} s  {outcome.run}  {outcome.module}", flush=True)
            self._explain(outcome, reason)
            self._keep(outcome)

    def _explain(self, outcome: Outcome, reason: str | None) -> None:
        if reason:
            print(f"             {reason}")
        if reason is not None:
            return
        if outcome.verdict in {FAILED, WARNING}:
            print(f"             {outcome.module_id} {outcome.status} {dict(outcome.variant)}")
            for finding in outcome.findings:
                print(f"             {finding}")
        elif outcome.skipped:
            print(f"             {outcome.skipped}")

    def _keep(self, outcome: Outcome) -> None:
        for number, page in enumerate((page for page in outcome.pages if page.source), 1):
            directory = self._pictures / outcome.run
            directory.mkdir(parents=True, exist_ok=True)
            variant = "".join(f"-{value}".replace(" ", "-") for value in outcome.variant.values())
            path = directory / f"{outcome.module}{variant}-{number}.html"
            path.write_text(f"<!-- {page.asked} -->\n{page.source}", encoding="utf-8")


def create(suite: Suite, run: Run, prepared: Prepared, approvals_url: str) -> list[Module]:
    """Create the plan of a run; its modules."""
    made = suite.create_plan(run.plan, run.variant, configuration(run, prepared, approvals_url))
    print(f"# {run.name}: {run.plan}, {suite.base_url}/plan-detail.html?plan={made['id']}", flush=True)
    return [Module(run, str(made["id"]), document) for document in made["modules"]]


def perform(options: argparse.Namespace, runs: Sequence[Run], report: Callable[[Outcome], None]) -> list[Outcome]:
    """Create the plans and run their modules."""
    prepared = Prepared.read(options.clients)
    context = trust(options.ca, insecure=options.insecure)
    suite = Suite(prepared.suite, context, options.api_token)
    drive = Driver(suite, hooks.Rotation(shlex.split(options.rotate_keys), options.settle), options.seconds)
    with ExitStack() as stack:
        url = ""
        if any(run.is_ciba for run in runs):
            host, _, port = options.approvals.rpartition(":")
            sign_in = Person(prepared, context).access_token
            api = hooks.ApprovalsAPI(prepared.approvals["url"], sign_in, context)
            url = stack.enter_context(hooks.approvals(api, (host, int(port))))
        modules = [module for run in runs for module in create(suite, run, prepared, url)]
        done = execution.execute(execution.wanted(modules, options.only), drive, options.jobs, report)
    if options.write_table and not options.only:
        rows = {run.name: table.row(run, [one for one in done if one.run == run.name]) for run in runs}
        table.write(suite.version(), rows, [run.name for run in RUNS])
    return done


def main(given: Sequence[str] | None = None) -> int:
    """Run what is asked for."""
    options = arguments(given)
    if options.list:
        for run in RUNS:
            print(f"{run.name:48} {run.plan} {' '.join(f'{name}={value}' for name, value in run.variant.items())}")
        return 0
    try:
        runs = catalog.chosen(options.runs)
        report = Report(Expectations.read(), options.pictures)
        done = perform(options, runs, report)
    except (SuiteError, OSError, ValueError, LookupError) as error:
        print(f"conformance: {error}", file=sys.stderr)
        return 2
    print()
    for run in runs:
        print("  ".join(table.row(run, [one for one in done if one.run == run.name])))
    print(f"{len(done)} modules, {len(report.unexpected)} otherwise than expected")
    return 0 if done and not report.unexpected else 1


if __name__ == "__main__":
    sys.exit(main())
