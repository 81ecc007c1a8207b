"""`authserver resources`: the APIs that tokens are for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from authserver.access.registration import FORMATS, ResourceMetadata, metadata_of, scopes_of
from authserver.cli.installation import opened
from authserver.cli.output import json_option, print_fields, print_json, print_table
from authserver.cli.repeating import RepeatingCommand
from authserver.protocol.policy import SIGNING_ALGORITHMS
from authserver.storage.models.clients import Resource
from authserver.storage.unit import Unit


@click.group("resources")
def resources() -> None:
    """Manage protected resources (RFC 8707): each is the audience of tokens for it."""


@resources.command("create", cls=RepeatingCommand)
@click.option("--id", "uri", required=True, metavar="URI", help="Its identifier, the `aud` of tokens.")
@click.option("--name", required=True, help="The name that people see.")
@click.option("--scope", default="", metavar="SCOPES", help="Its scopes, separated by spaces.")
@click.option("--introspected-by", multiple=True, metavar="CLIENT_ID", help="A client that may introspect its tokens.")
@click.option("--token-format", type=click.Choice(FORMATS), help="Form of its access tokens.")
@click.option("--token-ttl", type=int, metavar="SECONDS", help="Life of its access tokens.")
@click.option("--token-alg", type=click.Choice(SIGNING_ALGORITHMS), help="What its access tokens are signed with.")
@click.option("--dynamic-clients", is_flag=True, help="Whether clients that registered themselves may ask for it.")
@click.option("--described", is_flag=True, help="Publish its metadata here (RFC 9728).")
@json_option
def create(uri: str, scope: str, introspected_by: tuple[str, ...], as_json: bool, **given: Any) -> None:
    """Register a resource and its scopes."""
    wanted = ResourceMetadata(scopes=frozenset(scope.split()), introspected_by=introspected_by, **given)
    with opened() as installation:
        made = installation.access.create_resource(uri, wanted)
    _print(_document(made, wanted.scopes), as_json=as_json)


@resources.command("list")
@json_option
def list_resources(as_json: bool) -> None:
    """List every resource."""
    with opened() as installation, installation.database.reading() as unit:
        documents = [_document(found, scopes_of(unit, found.id)) for found in unit.resources.all()]
    if as_json:
        print_json(documents)
    else:
        print_table(("id", "name", "scope", "introspected_by"), documents)


@resources.command("show")
@click.argument("uri")
@json_option
def show(uri: str, as_json: bool) -> None:
    """Show what is registered of a resource."""
    with opened() as installation, installation.database.reading() as unit:
        _print(_stored(unit, uri), as_json=as_json)


@resources.command("update", cls=RepeatingCommand)
@click.argument("uri")
@click.option("--name", help="The name that people see.")
@click.option("--scope", metavar="SCOPES", help="Its scopes; those that are not named are removed.")
@click.option("--introspected-by", multiple=True, metavar="CLIENT_ID", help="Replaces those before; empty for nobody.")
@click.option("--token-format", type=click.Choice([*FORMATS, ""]), help="Empty leaves it to the client.")
@click.option("--token-ttl", type=int, metavar="SECONDS", help="0 leaves it to the client.")
@click.option("--token-alg", type=click.Choice([*SIGNING_ALGORITHMS, ""]), help="Empty leaves it to the client.")
@click.option(
    "--dynamic-clients/--no-dynamic-clients",
    default=None,
    help="Whether clients that registered themselves may ask for it.",
)
@click.option("--described/--undescribed", "described", default=None, help="Whether its metadata are published here.")
@click.option("--enable/--disable", "enabled", default=None, help="Whether tokens for it are issued.")
@json_option
def update(uri: str, as_json: bool, **given: Any) -> None:
    """Change what is registered of a resource."""
    changes = {name: value for name, value in given.items() if value not in (None, ())}
    if not changes:
        raise click.UsageError("nothing to change was given")
    if "scope" in changes:
        changes["scopes"] = frozenset(changes.pop("scope").split())
    if "introspected_by" in changes:
        changes["introspected_by"] = tuple(filter(None, changes["introspected_by"]))
    for name in {"token_format", "token_ttl", "token_alg"} & changes.keys():
        changes[name] = changes[name] or None
    with opened() as installation:
        with installation.database.reading() as unit:
            before = metadata_of(unit.resources.get(uri), scopes_of(unit, uri))
        installation.access.update_resource(uri, replace(before, **changes))
        with installation.database.reading() as unit:
            _print(_stored(unit, uri), as_json=as_json)


@resources.command("delete")
@click.argument("uri")
@json_option
def delete(uri: str, as_json: bool) -> None:
    """Remove a resource and its scopes."""
    with opened() as installation:
        installation.access.delete_resource(uri)
    _print({"id": uri, "deleted": True}, as_json=as_json)


def _stored(unit: Unit, uri: str) -> dict[str, Any]:
    return _document(unit.resources.get(uri), scopes_of(unit, uri))


def _document(resource: Resource, scopes: frozenset[str]) -> dict[str, Any]:
    return {
        "id": resource.id,
        "name": resource.name,
        "scope": " ".join(sorted(scopes)),
        "introspected_by": resource.introspected_by,
        "token_format": resource.token_format,
        "token_ttl": resource.token_ttl,
        "token_alg": resource.token_alg,
        "dynamic_clients": resource.dynamic_clients,
        "enabled": resource.enabled,
        "described": resource.described,
        "created_at": resource.created_at,
    }


def _print(values: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(values)
    else:
        print_fields(values)
