"""`authserver exchange`: which tokens a client may exchange, and for what (RFC 8693)."""

from __future__ import annotations

from typing import Any

import click

from authserver.cli.installation import Installation, opened
from authserver.cli.output import json_option, print_fields, print_json, print_table
from authserver.cli.repeating import RepeatingCommand
from authserver.clients.metadata import ClientMetadata
from authserver.clients.policy import EXCHANGE
from authserver.clients.registration import metadata_of
from authserver.protocol.errors import NotFound
from authserver.protocol.exchange import DELEGATION, MODES
from authserver.protocol.policy import TOKEN_EXCHANGE


@click.group("exchange")
def exchange() -> None:
    """Manage the rules of token exchange. Without a rule a client can exchange nothing."""


@exchange.command("allow", cls=RepeatingCommand)
@click.argument("client_id")
@click.option("--name", required=True, help="The rule's name; one of this name is replaced.")
@click.option("--from-client", "clients", multiple=True, metavar="CLIENT_ID", help="Whose tokens may be presented.")
@click.option("--from-audience", "audiences", multiple=True, metavar="URI", help="Tokens for which resources.")
@click.option("--target", "targets", multiple=True, required=True, metavar="URI", help="What the new token may be for.")
@click.option("--scope", "scopes", default="", metavar="SCOPES", help="Scopes that it may have besides.")
@click.option("--mode", type=click.Choice(MODES), default=DELEGATION, help="Whether it names who acts.")
@click.option("--bound-tokens", is_flag=True, help="Take tokens that are bound to a key without its proof.")
@json_option
def allow(client_id: str, name: str, scopes: str, as_json: bool, **given: Any) -> None:
    """Let a client exchange tokens. The grant is added to what it may use."""
    sets = {key: list(given.pop(key)) for key in ("clients", "audiences", "targets")}
    rule: dict[str, Any] = {"name": name, **sets, "scopes": scopes.split(), **given}
    with opened() as installation:
        before = _metadata(installation, client_id)
        _check_clients(installation, sets["clients"])
        kept = [one for one in _rules(before) if one["name"] != name]
        grants = tuple(dict.fromkeys((*before.grant_types, TOKEN_EXCHANGE)))
        policy = {**before.policy, EXCHANGE: [*kept, rule]}
        installation.clients.update(client_id, {"policy": policy, "grant_types": grants})
    _print({"client_id": client_id, **rule}, as_json=as_json)


@exchange.command("list")
@click.argument("client_id")
@json_option
def list_rules(client_id: str, as_json: bool) -> None:
    """List the rules of a client, in the order in which they are looked at."""
    with opened() as installation:
        rules = _rules(_metadata(installation, client_id))
    if as_json:
        print_json(rules)
    else:
        print_table(("name", "mode", "clients", "audiences", "targets", "scopes", "bound_tokens"), rules)


@exchange.command("withdraw")
@click.argument("client_id")
@click.argument("name")
@json_option
def withdraw(client_id: str, name: str, as_json: bool) -> None:
    """Take a rule back; tokens that were issued by it live on until they end."""
    with opened() as installation:
        before = _metadata(installation, client_id)
        kept = [one for one in _rules(before) if one["name"] != name]
        if len(kept) == len(_rules(before)):
            raise NotFound("there is no such rule")
        policy = {key: value for key, value in before.policy.items() if key != EXCHANGE}
        installation.clients.update(client_id, {"policy": policy | ({EXCHANGE: kept} if kept else {})})
    _print({"client_id": client_id, "name": name, "withdrawn": True}, as_json=as_json)


def _metadata(installation: Installation, client_id: str) -> ClientMetadata:
    with installation.database.reading() as unit:
        return metadata_of(unit.clients.get(client_id))


def _rules(metadata: ClientMetadata) -> list[dict[str, Any]]:
    return list(metadata.policy.get(EXCHANGE, ()))


def _check_clients(installation: Installation, client_ids: list[str]) -> None:
    with installation.database.reading() as unit:
        for client_id in client_ids:
            if unit.clients.find(client_id) is None:
                raise NotFound(f"there is no client {client_id}")


def _print(values: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(values)
    else:
        print_fields(values)
