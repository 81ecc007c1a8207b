"""`authserver audit`: whether the audit log is as it was written."""

from __future__ import annotations

from typing import Any

import click

from authserver.cli.installation import opened
from authserver.cli.output import json_option, print_fields, print_json
from authserver.events.chain import ChainReport, verify_chain


@click.group("audit")
def audit() -> None:
    """Check the audit log."""


@audit.command("verify")
@json_option
def verify(as_json: bool) -> None:
    """Walk the hash chain of the audit log; exit with 1 at the first entry that was changed, removed or reordered.

    Note the head somewhere else from time to time: who can rewrite the whole log can rewrite the whole chain.
    """
    with opened() as installation:
        report = verify_chain(installation.database)
    if as_json:
        print_json(_document(report))
        if not report.is_whole:
            raise SystemExit(1)
    elif report.is_whole:
        print_fields(_document(report))
    else:
        raise click.ClickException(f"entry {report.broken_at} of the audit log: {report.reason}")


def _document(report: ChainReport) -> dict[str, Any]:
    return {
        "whole": report.is_whole,
        "entries": report.entries,
        "head": report.head.hex(),
        "broken_at": report.broken_at,
        "reason": report.reason or None,
    }
