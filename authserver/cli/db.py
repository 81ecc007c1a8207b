"""`authserver db`: the schema of the database."""

from __future__ import annotations

import click

from authserver.cli.installation import opened
from authserver.cli.output import json_option, print_json
from authserver.storage import migrations


@click.group("db")
def db() -> None:
    """Bring the schema up or down, and check it."""


@db.command("upgrade")
@click.argument("revision", default="head")
@json_option
def upgrade(revision: str, as_json: bool) -> None:
    """Bring the schema up to REVISION, the newest one unless given. Several instances may do so at once."""
    with opened(current_schema=False) as installation:
        _report(migrations.upgrade(installation.database, revision), as_json=as_json)


@db.command("downgrade")
@click.argument("revision")
@json_option
def downgrade(revision: str, as_json: bool) -> None:
    """Take the schema back to REVISION; `base` empties the database, data included."""
    with opened(current_schema=False) as installation:
        _report(migrations.downgrade(installation.database, revision), as_json=as_json)


@db.command("current")
@json_option
def current(as_json: bool) -> None:
    """Show where the schema stands."""
    with opened(current_schema=False) as installation:
        _report(migrations.current(installation.database) or "base", as_json=as_json)


@db.command("check")
@json_option
def check(as_json: bool) -> None:
    """Compare the schema with what this version needs; exit with 1 where they differ."""
    with opened(current_schema=False) as installation:
        differences = migrations.check(installation.database)
    if as_json:
        print_json({"current": not differences, "differences": differences})
    else:
        click.echo("\n".join(differences) or f"the schema is at {migrations.HEAD} and as it should be")
    if differences:
        raise SystemExit(1)


def _report(revision: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"revision": revision, "head": migrations.HEAD})
    else:
        click.echo(revision)
