"""`authserver keys`: the keys that sign tokens, those that others encrypt to, and the seal on them."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from authserver.cli.installation import opened
from authserver.cli.output import json_option, print_fields, print_json, print_table
from authserver.crypto.sealing import Sealer
from authserver.events.spool import SUFFIX
from authserver.events.worker import spool_directory
from authserver.settings.values import sealing_key
from authserver.signing import resealing
from authserver.signing.keys import KEY_ALGORITHMS, is_for_encryption
from authserver.signing.rotation import Rotated
from authserver.storage.models.signing_keys import SigningKey

_ALGORITHM = click.option(
    "--algorithm",
    "--alg",
    "algorithms",
    multiple=True,
    type=click.Choice(list(KEY_ALGORITHMS)),
    help="All unless given.",
)


@click.group("keys")
def keys() -> None:
    """Manage keys: next (published), active (signs, or is encrypted to), retired (verifies, or opens), removed."""


@keys.command("list")
@json_option
def list_keys(as_json: bool) -> None:
    """List every key."""
    with opened() as installation, installation.database.reading() as unit:
        documents = [_document(key) for key in unit.signing_keys.all()]
    if as_json:
        print_json(documents)
    else:
        print_table(("kid", "use", "alg", "state", "created_at", "expires_at"), documents)


@keys.command("generate")
@_ALGORITHM
@json_option
def generate(algorithms: tuple[str, ...], as_json: bool) -> None:
    """Make the key that will sign next and publish it. An algorithm without an active key gets one at once."""
    with opened() as installation, installation.database.unit() as unit:
        chosen = algorithms or tuple(KEY_ALGORITHMS)
        first = installation.rotation.ensure(unit, chosen)
        made = [*first]
        signing = {key.algorithm for kid in first if (key := unit.signing_keys.find(kid)) is not None}
        made += [installation.rotation.prepare_next(unit, alg) for alg in chosen if alg not in signing]
        documents = [_document(key) for kid in made if (key := unit.signing_keys.find(kid)) is not None]
    if as_json:
        print_json(documents)
    else:
        print_table(("kid", "alg", "state"), documents)


@keys.command("rotate")
@_ALGORITHM
@click.option("--force", is_flag=True, help="At once, although relying parties may not have seen the new key yet.")
@json_option
def rotate(algorithms: tuple[str, ...], force: bool, as_json: bool) -> None:
    """Let the next key sign as soon as it was published long enough; the worker switches when that lies ahead."""
    with opened() as installation, installation.database.unit() as unit:
        chosen = algorithms or tuple(KEY_ALGORITHMS)
        rotated = [_rotated(installation.rotation.rotate(unit, alg, force=force)) for alg in chosen]
    if as_json:
        print_json(rotated)
    else:
        print_table(("kid", "alg", "state", "active_at", "previous_kid"), rotated)


# A kid is base64url and may begin with a dash; what is no option is the argument.
@keys.command("retire", context_settings={"ignore_unknown_options": True})
@click.argument("kid")
@click.option("--remove", is_flag=True, help="Publish it no more: what it signed is refused from now on.")
@json_option
def retire(kid: str, remove: bool, as_json: bool) -> None:
    """Let a key sign no more. An active one is replaced at once and goes on verifying."""
    with opened() as installation, installation.database.unit() as unit:
        if remove:
            installation.rotation.remove(unit, kid)
        else:
            installation.rotation.retire(unit, kid)
        found = unit.signing_keys.find(kid)
        if found is not None:
            unit.session.refresh(found)
        values = {"kid": kid, "state": found.state if found is not None else "removed"}
    if as_json:
        print_json(values)
    else:
        print_fields(values)


@keys.command("reseal")
@click.option(
    "--previous-key",
    required=True,
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The sealing key that was used until now.",
)
@json_option
def reseal(previous_key: Path, as_json: bool) -> None:
    """Bring everything that lies sealed for good under a new sealing key, which the settings name already.

    These are signing keys, the keys of persons, and client secrets that are keys. Nothing else may run meanwhile, and
    every event must have reached the audit log. All change, or none.
    """
    try:
        previous = sealing_key(previous_key.read_text().strip())
    except ValueError as error:
        raise click.UsageError(f"{previous_key} {error}") from error
    with opened() as installation, installation.database.unit() as unit:
        if any(file.stat().st_size for file in spool_directory(installation.settings).glob(f"*{SUFFIX}")):
            raise click.ClickException("the spool holds events: run the worker with the previous sealing key first")
        done = resealing.reseal(unit, Sealer.of(installation.settings.sealing_key, previous))
    values = asdict(done)
    if as_json:
        print_json(values)
    else:
        print_fields(values)


def _document(key: SigningKey) -> dict[str, Any]:
    return {
        "kid": key.kid,
        "use": "enc" if is_for_encryption(key.algorithm) else "sig",
        "alg": key.algorithm,
        "state": key.state,
        "created_at": key.created_at,
        "activated_at": key.activated_at,
        "retired_at": key.retired_at,
        "expires_at": key.expires_at,
    }


def _rotated(outcome: Rotated) -> dict[str, Any]:
    return {
        "kid": outcome.kid,
        "alg": outcome.algorithm,
        "state": "active" if outcome.is_active else "next",
        "active_at": outcome.active_at,
        "previous_kid": outcome.previous_kid,
    }
