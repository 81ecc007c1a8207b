"""`authserver token inspect`: what a token is, what it says, and what it is worth now."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import click
import orjson

from authserver.cli.installation import Installation, opened
from authserver.cli.output import json_option, print_fields, print_json, read_secret
from authserver.crypto.handles import Handles
from authserver.issuing.reading import TokenReader
from authserver.protocol import validity
from authserver.protocol.errors import InvalidToken
from authserver.signing.keyring import Keyring
from authserver.tokens import id_tokens, jose

MOMENTS = frozenset({"exp", "iat", "nbf", "auth_time"})

EXPLANATIONS: Mapping[str, str] = MappingProxyType(
    {
        "client_unknown": "its client was removed",
        "client_disabled": "its client is disabled",
        "client_replaced": "its client was removed, and another one has its id now",
        "token_revoked": "it was revoked",
        "token_expired": "it has expired",
        "grant_unknown": "its grant was removed",
        "grant_revoked": "its grant was revoked",
        "user_deleted": "its user was deleted",
        "user_disabled": "its user is disabled",
        "session_ended": "its session ended",
        "session_expired": "its session expired",
        "family_revoked": "its family of refresh tokens was revoked",
        "refresh_token_used": "it was used, and replaced by another",
        "refresh_token_expired": "it was not used for too long, or is too old",
    }
)


@click.group("token")
def token() -> None:
    """Verify and explain tokens."""


# An opaque token is base64url and may begin with a dash; what is no option is the argument.
@token.command("inspect", context_settings={"ignore_unknown_options": True})
@click.argument("value", metavar="TOKEN")
@json_option
def inspect(value: str, as_json: bool) -> None:
    """Verify TOKEN and explain it; `-` reads it from standard input. Exits with 1 if it is not one of this server's."""
    presented = read_secret() if value == "-" else value
    with opened() as installation:
        report = examine(installation, presented.strip())
    if as_json:
        print_json(report)
    else:
        _print(report)
    if report["kind"] is None:
        raise SystemExit(1)


def examine(installation: Installation, value: str) -> dict[str, Any]:
    """What is to be said of a token. `kind` is None for one that is not ours."""
    settings = installation.settings
    keyring = Keyring(installation.database, installation.sealer)
    reader = TokenReader(settings.issuer, keyring, Handles(settings.pepper), installation.database)
    with installation.database.reading() as unit:
        found = reader.read(unit, value)
    if found is not None:
        return _report(found.kind, value, found.claims, found.dead)
    return _other(value, keyring, settings.issuer)


def _other(value: str, keyring: Keyring, issuer: str) -> dict[str, Any]:
    """An ID token, or why it is nothing of ours."""
    try:
        claims = jose.verify(value, keyring, algorithms=keyring.algorithms(), typ=id_tokens.TYPE)
    except InvalidToken as error:
        reason = error.reason if value.count(".") == 2 else "unknown"
        return _report(None, value, None, reason)
    if claims.get("iss") != issuer:
        return _report(None, value, claims, "issuer_mismatch")
    return _report("id_token", value, claims, "token_expired" if claims["exp"] <= validity.timestamp() else None)


def _report(kind: str | None, value: str, claims: Mapping[str, Any] | None, dead: str | None) -> dict[str, Any]:
    return {
        "active": dead is None,
        "kind": kind,
        "reason": dead,
        "explanation": "it is good" if dead is None else EXPLANATIONS.get(dead, "this server did not issue it"),
        "header": _header(value),
        "claims": dict(claims) if claims is not None else None,
    }


def _header(value: str) -> dict[str, Any] | None:
    if value.count(".") != 2:
        return None
    try:
        found = orjson.loads(urlsafe_b64decode(value.partition(".")[0] + "==="))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _print(report: dict[str, Any]) -> None:
    state = "active" if report["active"] else "not active"
    click.echo(f"{report['kind'] or 'unknown token'}: {state}, {report['explanation']}")
    for part in ("header", "claims"):
        if report[part]:
            click.echo()
            print_fields({name: _shown(name, value) for name, value in report[part].items()})


def _shown(name: str, value: Any) -> Any:
    return validity.from_epoch(value) if name in MOMENTS and isinstance(value, (int, float)) else value
