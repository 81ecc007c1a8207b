"""`authserver issuers`: whose assertions are taken as grants (RFC 7523)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from authserver.access.assertion_issuers import AUDIENCES, SUBJECTS, TrustedIssuer
from authserver.cli.clients import read_jwks
from authserver.cli.installation import opened
from authserver.cli.output import json_option, print_fields, print_json, print_table
from authserver.cli.repeating import RepeatingCommand
from authserver.protocol.policy import SIGNING_ALGORITHMS
from authserver.storage.models.assertion_issuers import AssertionIssuer


@click.group("issuers")
def issuers() -> None:
    """Manage the issuers whose assertions stand for people (the JWT bearer grant)."""


@issuers.command("create", cls=RepeatingCommand)
@click.option("--id", "issuer", required=True, metavar="ISSUER", help="Its identifier, the `iss` of its assertions.")
@click.option("--client", "clients", multiple=True, required=True, metavar="CLIENT_ID", help="Who may present them.")
@click.option("--jwks", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Its public keys.")
@click.option("--jwks-uri", metavar="URI", help="Where its public keys are.")
@click.option("--alg", "algorithms", multiple=True, type=click.Choice(SIGNING_ALGORITHMS), help="What it signs with.")
@click.option("--audience", type=click.Choice(AUDIENCES), default="issuer", help="What its assertions name as `aud`.")
@click.option("--subject", type=click.Choice(SUBJECTS), default="id", help="How its `sub` names a person.")
@click.option("--max-lifetime", type=int, default=300, metavar="SECONDS", help="How far away `exp` may be.")
@json_option
def create(issuer: str, jwks: Path | None, algorithms: tuple[str, ...], as_json: bool, **given: Any) -> None:
    """Trust an issuer."""
    given["clients"] = frozenset(given["clients"])
    keys = read_jwks(jwks) if jwks is not None else None
    wanted = TrustedIssuer(issuer, jwks=keys, algorithms=frozenset(algorithms or SIGNING_ALGORITHMS), **given)
    with opened() as installation:
        made = installation.issuers.create(wanted)
    _print(_document(made), as_json=as_json)


@issuers.command("list")
@json_option
def list_issuers(as_json: bool) -> None:
    """List every trusted issuer."""
    with opened() as installation, installation.database.reading() as unit:
        documents = [_document(found) for found in unit.assertion_issuers.all()]
    if as_json:
        print_json(documents)
    else:
        print_table(("issuer", "clients", "subject", "audience", "algorithms", "max_lifetime", "enabled"), documents)


@issuers.command("disable")
@click.argument("issuer")
@json_option
def disable(issuer: str, as_json: bool) -> None:
    """Take no assertion of an issuer until it is enabled again; tokens that were issued on its word live on."""
    _switch(issuer, on=False, as_json=as_json)


@issuers.command("enable")
@click.argument("issuer")
@json_option
def enable(issuer: str, as_json: bool) -> None:
    """Take assertions of an issuer again."""
    _switch(issuer, on=True, as_json=as_json)


def _switch(issuer: str, *, on: bool, as_json: bool) -> None:
    with opened() as installation:
        row = installation.issuers.switch(issuer, on=on)
    _print({"issuer": row.id, "enabled": row.enabled}, as_json=as_json)


@issuers.command("delete")
@click.argument("issuer")
@json_option
def delete(issuer: str, as_json: bool) -> None:
    """Trust an issuer no longer; tokens that were issued on its word live on until they end."""
    with opened() as installation:
        installation.issuers.delete(issuer)
    _print({"issuer": issuer, "deleted": True}, as_json=as_json)


def _document(row: AssertionIssuer) -> dict[str, Any]:
    return {
        "issuer": row.id,
        "clients": row.clients,
        "jwks": row.jwks,
        "jwks_uri": row.jwks_uri,
        "algorithms": row.algorithms,
        "audience": row.audience,
        "subject": row.subject,
        "max_lifetime": row.max_lifetime,
        "enabled": row.enabled,
        "created_at": row.created_at,
    }


def _print(values: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(values)
    else:
        print_fields(values)
