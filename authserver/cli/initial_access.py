"""`authserver clients tokens`: who may register clients (RFC 7591 §3)."""

from __future__ import annotations

from typing import Any

import click

from authserver.cli.installation import opened
from authserver.cli.output import json_option, print_fields, print_json, print_table
from authserver.protocol import validity
from authserver.protocol.policy import PROFILES
from authserver.storage.models.clients import InitialAccessToken

DAY = 86400


@click.group("tokens")
def tokens() -> None:
    """Manage initial access tokens, with which clients register themselves."""


@tokens.command("create")
@click.option("--profile", type=click.Choice(sorted(PROFILES)), help="The profile of the clients; the setting's else.")
@click.option("--uses", type=click.IntRange(min=1), default=1, show_default=True, help="How many clients.")
@click.option("--unlimited", is_flag=True, help="Any number of clients.")
@click.option("--lifetime", type=click.IntRange(min=1), default=DAY, show_default=True, help="Seconds it is good for.")
@click.option("--note", default="", help="What it is for.")
@json_option
def create(profile: str | None, uses: int, unlimited: bool, as_json: bool, **given: Any) -> None:
    """Make a token, printed once."""
    chosen = None if unlimited else uses
    with opened() as installation:
        profile = profile or installation.settings.registration_profile
        issued = installation.initial_access_tokens.create(profile, uses=chosen, **given)
    _print(_document(issued.token) | {"initial_access_token": issued.value}, as_json=as_json)


@tokens.command("list")
@json_option
def list_tokens(as_json: bool) -> None:
    """List every token, without its value."""
    with opened() as installation, installation.database.reading() as unit:
        documents = [_document(token) for token in unit.initial_access_tokens.all()]
    if as_json:
        print_json(documents)
    else:
        print_table(("id", "profile", "uses_left", "good", "expires_at", "note"), documents)


@tokens.command("revoke")
@click.argument("token_id")
@json_option
def revoke(token_id: str, as_json: bool) -> None:
    """End a token; the clients that it registered stay."""
    with opened() as installation:
        installation.initial_access_tokens.revoke(token_id)
    _print({"id": token_id, "revoked": True}, as_json=as_json)


def _document(token: InitialAccessToken) -> dict[str, Any]:
    return {
        "id": token.id,
        "profile": token.profile,
        "uses_left": token.uses_left,
        "good": token.revoked_at is None and token.uses_left != 0 and not validity.is_past(token.expires_at),
        "expires_at": token.expires_at,
        "created_at": token.created_at,
        "created_by": token.created_by,
        "note": token.note,
    }


def _print(values: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(values)
    else:
        print_fields(values)
