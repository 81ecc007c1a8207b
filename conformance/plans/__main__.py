"""Writes the configurations as files: `python -m conformance.plans --clients FILE --out DIRECTORY [RUN…]`."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from conformance.plans import catalog
from conformance.plans.configuration import Prepared, configuration

APPROVALS = "http://127.0.0.1:9445/?auth_req_id={auth_req_id}&action={action}"


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m conformance.plans", description="Write plan configurations.")
    parser.add_argument("runs", nargs="*", default=["*"], metavar="RUN", help="names or patterns; all unless given")
    parser.add_argument("--clients", type=Path, required=True, help="clients.json of `authserver conformance prepare`")
    parser.add_argument("--issuer", help="the server, if not the one that the clients were prepared for")
    parser.add_argument("--suite", help="the suite, if not the one that the clients were prepared for")
    parser.add_argument("--approvals", default=APPROVALS, help="where CIBA requests are decided")
    parser.add_argument("--out", type=Path, required=True, help="the directory that receives RUN.json")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    """Write one file for each run; 1 if something that is asked for is not there."""
    options = arguments(given)
    try:
        prepared = Prepared.read(options.clients)
        runs = catalog.chosen(options.runs)
        for name in ("issuer", "suite"):
            if (value := getattr(options, name)) is not None:
                prepared = dataclasses.replace(prepared, **{name: value.rstrip("/")})
        options.out.mkdir(parents=True, exist_ok=True)
        for run in runs:
            document = {
                "plan": run.plan,
                "variant": dict(run.variant),
                "configuration": configuration(run, prepared, options.approvals),
            }
            (options.out / f"{run.name}.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    except (OSError, ValueError, LookupError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{len(runs)} configurations in {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
