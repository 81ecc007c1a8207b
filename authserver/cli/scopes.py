"""`authserver scopes`: what may be asked for."""

from __future__ import annotations

from typing import Any

import click

from authserver.cli.installation import opened
from authserver.cli.output import json_option, print_fields, print_json, print_table
from authserver.storage.models.clients import Scope


@click.group("scopes")
def scopes() -> None:
    """Manage scopes. Those of a resource come with `authserver resources`."""


@scopes.command("create")
@click.argument("name")
@click.option("--description", default="", help="What it allows, as people read it on the consent page.")
@click.option("--resource", metavar="URI", help="The resource it belongs to; every resource unless given.")
@click.option("--implies", default="", metavar="SCOPES", help="The scopes that come with it, separated by spaces.")
@json_option
def create(name: str, description: str, resource: str | None, implies: str, as_json: bool) -> None:
    """Register a scope."""
    with opened() as installation:
        scope = installation.access.create_scope(name, description, resource, implies=implies.split())
    _print(_document(scope), as_json=as_json)


@scopes.command("update")
@click.argument("name")
@click.option("--description", help="What it allows, as people read it on the consent page.")
@click.option("--implies", metavar="SCOPES", help='The scopes that come with it, separated by spaces; "" for none.')
@json_option
def update(name: str, description: str | None, implies: str | None, as_json: bool) -> None:
    """Change the words of a scope or what comes with it."""
    if description is None and implies is None:
        raise click.UsageError("nothing to change: name --description or --implies")
    wanted = None if implies is None else implies.split()
    with opened() as installation:
        scope = installation.access.update_scope(name, description=description, implies=wanted)
    _print(_document(scope), as_json=as_json)


@scopes.command("list")
@json_option
def list_scopes(as_json: bool) -> None:
    """List every scope."""
    with opened() as installation, installation.database.reading() as unit:
        documents = [_document(scope) for scope in unit.scopes.all()]
    if as_json:
        print_json(documents)
    else:
        print_table(("scope", "resource", "description"), documents)


@scopes.command("delete")
@click.argument("name")
@json_option
def delete(name: str, as_json: bool) -> None:
    """Remove a scope; clients that have it can no longer ask for it."""
    with opened() as installation:
        installation.access.delete_scope(name)
    _print({"scope": name, "deleted": True}, as_json=as_json)


def _document(scope: Scope) -> dict[str, Any]:
    return {
        "scope": scope.name,
        "description": scope.description,
        "resource": scope.resource_id,
        "standard": scope.is_standard,
        "implies": list(scope.implies),
    }


def _print(values: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(values)
    else:
        print_fields(values)
