"""`authserver doctor`: the effective configuration, where it came from, and what production would refuse."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import fields
from typing import Any

import click

from authserver.cli.database_findings import DatabaseFinding, database_findings
from authserver.settings import Loaded, load_with_sources
from authserver.settings.definitions import Definition, definition_of
from authserver.settings.documentation import plain
from authserver.settings.schema import GROUPS
from authserver.settings.validation import Finding, findings

MARKS = {"error": "refused", "unsafe": "unsafe", "warning": "warning"}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor(as_json: bool) -> None:
    """Show the effective configuration and everything unsafe or contradictory in it.

    In production and staging the database is asked too, where it can be opened: for the demo's clients, and for
    administrators who still have a one-time password. Exits with 1 if production would refuse the configuration.
    """
    loaded = load_with_sources(create_secrets=False)
    found = findings(loaded.settings, skip=loaded.broken)
    in_database, silence = database_findings(loaded.settings)
    if silence:
        loaded.notices.append(silence)
    click.echo(_as_json(loaded, found, in_database) if as_json else _as_text(loaded, found, in_database))
    if not is_ready(loaded, found):
        sys.exit(1)


def is_ready(loaded: Loaded, found: list[Finding]) -> bool:
    """Whether production would start with this configuration."""
    return not loaded.problems and all(finding.rule.severity == "warning" for finding in found)


def masked(name: str, definition: Definition, value: Any) -> str:
    """A value as it may be shown: secrets only as present or absent, addresses without their password."""
    if not definition.secret:
        return plain(value)
    if not value:
        return ""
    if name.endswith("_url"):
        return re.sub(r"(?<=://)([^:/@]*):[^@]*@|([?&]password=)[^&]*", _without_password, plain(value))
    return "[set]"


def _without_password(match: re.Match[str]) -> str:
    return f"{match[2]}***" if match[2] else f"{match[1]}:***@"


def _rows(loaded: Loaded) -> list[tuple[str, str, str, str]]:
    """Group, name, value and source of every setting."""
    rows = []
    for group in GROUPS:
        for item in fields(group):
            value = masked(item.name, definition_of(item), getattr(loaded.settings, item.name))
            rows.append((group.__doc__ or "", item.name, value, loaded.source_of(item.name)))
    return rows


def _as_text(loaded: Loaded, found: list[Finding], in_database: list[DatabaseFinding]) -> str:
    lines: list[str] = []
    heading = ""
    for group, name, value, source in _rows(loaded):
        if group != heading:
            lines.append(f"\n{group}" if lines else group)
            heading = group
        lines.append(f"  {name:<30} {value or '-':<40} {source}".rstrip())
    lines.append("")
    lines.extend(f"refused: {problem}" for problem in loaded.problems)
    for finding in found:
        lines.append(f"{MARKS[finding.rule.severity]}: {finding.message} [{finding.rule.id}]")
        lines.append(f"  {finding.rule.remedy}")
    if in_database:
        lines += ["", "Database findings"]
    for item in in_database:
        lines += [f"  warning: {item.message} [{item.id}]", f"    {item.remedy}"]
    lines.extend(f"note: {notice}" for notice in loaded.notices)
    ready = is_ready(loaded, found)
    lines.append("Production would start with this." if ready else "Production would refuse this.")
    return "\n".join(lines)


def _as_json(loaded: Loaded, found: list[Finding], in_database: list[DatabaseFinding]) -> str:
    settings = [{"name": name, "value": value, "source": source} for _, name, value, source in _rows(loaded)]
    report = {
        "environment": loaded.settings.environment,
        "issuer": loaded.settings.issuer,
        "ready_for_production": is_ready(loaded, found),
        "settings": settings,
        "problems": loaded.problems,
        "notices": loaded.notices,
        "findings": [_finding(finding) for finding in found],
        "database_findings": [item.document() for item in in_database],
    }
    return json.dumps(report, indent=2, ensure_ascii=False)


def _finding(finding: Finding) -> dict[str, Any]:
    rule = finding.rule
    return {
        "id": rule.id,
        "severity": rule.severity,
        "settings": list(rule.concerns),
        "message": finding.message,
        "remedy": rule.remedy,
    }
