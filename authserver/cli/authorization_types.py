"""`authserver authorization-types`: what may be asked for in detail (RFC 9396)."""

from __future__ import annotations

from typing import IO, Any

import click
import orjson

from authserver.cli.installation import Installation, opened
from authserver.cli.output import json_option, print_fields, print_json, print_table
from authserver.protocol.errors import NotFound
from authserver.storage.models.clients import AuthorizationType


@click.group("authorization-types")
def authorization_types() -> None:
    """Manage types of authorization details."""


@authorization_types.command("create")
@click.argument("type_", metavar="TYPE")
@click.option("--name", required=True, help="Its title on the consent page.")
@click.option(
    "--words", default="", help="A sentence for people, in which {amount.value} stands for a member of the object."
)
@click.option("--schema", required=True, type=click.File("rb"), help="JSON Schema (2020-12) of its objects, or -.")
@json_option
def create(type_: str, name: str, words: str, schema: IO[bytes], as_json: bool) -> None:
    """Register a type."""
    try:
        document = orjson.loads(schema.read())
    except orjson.JSONDecodeError as error:
        raise click.UsageError("the schema is not JSON") from error
    if not isinstance(document, dict):
        raise click.UsageError("the schema takes a JSON object")
    from authserver.access.authorization_types import TypeMetadata

    with opened() as installation:
        _print(_document(_types(installation).create(type_, TypeMetadata(name, words, document))), as_json=as_json)


@authorization_types.command("list")
@json_option
def list_types(as_json: bool) -> None:
    """List every type."""
    with opened() as installation, installation.database.reading() as unit:
        documents = [_document(row) for row in unit.authorization_types.all()]
    if as_json:
        print_json(documents)
    else:
        print_table(("type", "name", "words"), documents)


@authorization_types.command("show")
@click.argument("type_", metavar="TYPE")
@json_option
def show(type_: str, as_json: bool) -> None:
    """Show a type with its schema."""
    with opened() as installation, installation.database.reading() as unit:
        row = unit.authorization_types.find(type_)
        if row is None:
            raise NotFound("there is no such authorization details type")
        _print(_document(row), as_json=as_json)


@authorization_types.command("delete")
@click.argument("type_", metavar="TYPE")
@json_option
def delete(type_: str, as_json: bool) -> None:
    """Remove a type; nobody can ask for it any more."""
    with opened() as installation:
        _types(installation).delete(type_)
    _print({"type": type_, "deleted": True}, as_json=as_json)


def _types(installation: Installation) -> Any:
    from authserver.access.authorization_types import AuthorizationTypes

    return AuthorizationTypes(installation.database, installation.recorder)


def _document(row: AuthorizationType) -> dict[str, Any]:
    return {"type": row.type, "name": row.name, "words": row.words, "schema": row.schema}


def _print(values: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(values)
    else:
        print_fields({name: orjson.dumps(v).decode() if isinstance(v, dict) else v for name, v in values.items()})
