"""`make bench`: what every operation costs, in CPU time of server and database together.

The server is the product as it is served (`authserver serve`, one worker), on a
core of its own where there are two; the load comes from this process on the
other one. Time of day is no measure on a shared machine: what counts is the CPU
time that the kernel charged to the processes of server and databases, best of
several rounds, and its ratio to an empty answer of the same server in this run.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from tests.performance import floors
from tests.performance.cases import CASES
from tests.performance.measuring import CORES, ROOT, Load, Meter, Row, Setting, leave_first_core

RESULTS = ROOT / "bench-results"
SERVERS, DATABASES = ("granian", "gunicorn"), ("sqlite", "postgresql")
FORMAT = "{:<31}{:>11}{:>9}{:>10}{:>9}{:>9}{:>9}{:>9}{:>8}{:>8}{:>7}"
HEADINGS = ("case", "ops/s core", "CPU ms", "database", "x floor", "p50 ms", "p95", "p99", "ops", "errors", "hits")


def report(row: Row) -> None:
    """Print one line."""
    figures = f"{row.cpu_ms:.3f}", f"{row.database_cpu_ms:.3f}", f"{row.floor_ratio:.1f}"
    latencies = (f"{value:.1f}" for value in (row.p50_ms, row.p95_ms, row.p99_ms))
    counts = row.operations, row.errors, f"{row.cache_hits:.0%}"
    print(FORMAT.format(row.case, f"{row.per_core_second:.0f}", *figures, *latencies, *counts), flush=True)
    if row.first_error:
        print(f"    first error: {row.first_error}", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; the exit code tells whether every operation succeeded and left its events."""
    options = _options(arguments)
    cases = [case for case in CASES if not options.case or any(word in case.name for word in options.case)]
    leave_first_core()
    print(f"load average {os.getloadavg()[0]:.1f} on {len(CORES)} cores")
    bare = floors.bare()
    print("bare CPU ms: " + ", ".join(f"{name} {value:.3f}" for name, value in bare.items()))
    with tempfile.TemporaryDirectory(prefix="authserver-bench-") as name:
        Path(name).chmod(0o755)  # PostgreSQL runs as a user of its own
        load = Load(options.seconds / options.rounds, options.rounds, options.connections, options.tokens)
        meter = Meter(cases, load, Path(name), report)
        chosen = [(one, other) for other in options.database or DATABASES for one in options.server or SERVERS]
        settings = [_measure(meter, server, database) for server, database in chosen]
    _write(options, bare, settings)
    errors = sum(row.errors for setting in settings for row in setting.rows)
    missing = any(any(setting.events_missing.values()) for setting in settings)
    return 1 if errors or missing else 0


def _measure(meter: Meter, server: str, database: str) -> Setting:
    print(f"\n{server} on {database}\n" + FORMAT.format(*HEADINGS))
    setting = meter.measure(server, database)
    print(f"PSS MB per worker after the load: {', '.join(f'{value:.0f}' for value in setting.pss_mb)}")
    print(f"operations without their event: {setting.events_missing}")
    return setting


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description="What every operation costs.")
    parser.add_argument("--case", action="append", help="only cases whose name holds this; may repeat")
    parser.add_argument("--server", action="append", choices=SERVERS, help="may repeat")
    parser.add_argument("--database", action="append", choices=DATABASES, help="may repeat")
    parser.add_argument("--seconds", type=float, default=6.0, help="of load for each case")
    parser.add_argument("--rounds", type=int, default=3, help="of which the best counts")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--tokens", type=int, default=8000, help="that are shown, each once")
    return parser.parse_args(arguments)


def _write(options: argparse.Namespace, bare: dict[str, float], settings: Sequence[Setting]) -> None:
    RESULTS.mkdir(exist_ok=True)
    moment = datetime.now(UTC)
    document = {
        "at": moment.isoformat(timespec="seconds"),
        "options": vars(options),
        "load_average": os.getloadavg(),
        "cores": len(CORES),
        "bare_cpu_ms": bare,
        "settings": [asdict(setting) for setting in settings],
    }
    path = RESULTS / f"{moment:%Y%m%dT%H%M%S}.json"
    path.write_text(json.dumps(document, indent=2) + "\n")
    print(f"\n{path.relative_to(ROOT)}")


if __name__ == "__main__":
    sys.exit(main())
