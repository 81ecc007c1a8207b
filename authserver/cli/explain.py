"""`authserver explain`: why a page or an endpoint refused."""

from __future__ import annotations

from typing import Any

import click

from authserver.cli.installation import opened
from authserver.cli.output import json_option, print_fields, print_json
from authserver.storage.models.state import Refusal

HALF = 5
"""Characters before the dash of a reference."""


@click.command("explain")
@click.argument("reference")
@json_option
def explain(reference: str, as_json: bool) -> None:
    """Say why the request behind REFERENCE was refused, for as long as that is kept: seven days."""
    with opened() as installation, installation.database.reading() as unit:
        refusal = unit.refusals.find(normal(reference))
    if refusal is None:
        raise click.ClickException(f"nothing is known of {reference}: mistyped, or older than seven days")
    if as_json:
        print_json(_document(refusal))
    else:
        print_fields(_document(refusal))


def normal(reference: str) -> str:
    """A reference as it was shown, however it was typed."""
    letters = "".join(char for char in reference.upper() if char.isalnum())
    return f"{letters[:HALF]}-{letters[HALF:]}"


def _document(refusal: Refusal) -> dict[str, Any]:
    return {
        "reference": refusal.reference,
        "time": refusal.created_at,
        "error": refusal.error,
        "error_description": refusal.description,
        "reason": refusal.reason,
        "specification": refusal.spec,
        "setting": refusal.setting,
        "endpoint": refusal.endpoint,
        "client_id": refusal.client_id,
        "details": refusal.details,
        "correlation_id": refusal.correlation_id,
    }
