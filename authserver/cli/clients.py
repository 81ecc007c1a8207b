"""`authserver clients`: applications that use this server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import orjson

from authserver.cli.client_metadata import changes_of, metadata_option, normal_response_types, response_type_option
from authserver.cli.initial_access import tokens
from authserver.cli.installation import opened
from authserver.cli.output import json_option, print_fields, print_json, print_table, read_secret
from authserver.cli.repeating import RepeatingCommand
from authserver.clients import policy as policies
from authserver.clients import wire
from authserver.clients.metadata import APPLICATION_TYPES, GRANTS, ClientMetadata
from authserver.clients.registration import Registered, metadata_of
from authserver.protocol import responses, validity
from authserver.protocol.policy import (
    AUTHENTICATION_METHODS,
    AUTHORIZATION_CODE,
    CLIENT_CREDENTIALS,
    IMPLICIT,
    PROFILES,
    REFRESH_TOKEN,
)
from authserver.protocol.scopes import OPENID
from authserver.storage.models.clients import ClientRecord

PAGE = 200

_LISTS = ("redirect_uris", "post_logout_redirect_uris", "origins", "resources", "contacts")
_SINGLE = ("jwks_uri", "default_resource", "client_uri", "logo_uri", "policy_uri", "tos_uri")

_OPTIONS = (
    metadata_option,
    response_type_option,
    click.option("--profile", type=click.Choice(sorted(PROFILES)), help="The named set of rules to start from."),
    click.option("--policy", "policy", multiple=True, metavar="KEY=VALUE", help="Override one rule of the profile."),
    click.option("--application-type", type=click.Choice(APPLICATION_TYPES), help="web unless given."),
    click.option("--redirect-uri", "redirect_uris", multiple=True, metavar="URI", help="Where codes may be sent."),
    click.option("--grant", "grants", multiple=True, metavar="GRANT", help=f"Some of {', '.join(GRANTS)}."),
    click.option("--scope", metavar="SCOPES", help="The scopes it may ask for, separated by spaces."),
    click.option("--post-logout-redirect-uri", "post_logout_redirect_uris", multiple=True, metavar="URI"),
    click.option("--auth-method", type=click.Choice(AUTHENTICATION_METHODS), help="How it proves itself."),
    click.option("--jwks", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Its public keys."),
    click.option("--jwks-uri", metavar="URI", help="Where its public keys are."),
    click.option(
        "--origin", "origins", multiple=True, metavar="ORIGIN", help="An origin its scripts call from (CORS)."
    ),
    click.option("--resource", "resources", multiple=True, metavar="URI", help="A resource it may ask for."),
    click.option("--default-resource", metavar="URI", help="The resource of tokens that name none."),
    click.option("--client-uri", metavar="URI", help="Its home page."),
    click.option("--logo-uri", metavar="URI", help="Its picture on the login and consent pages."),
    click.option("--policy-uri", metavar="URI", help="Its privacy policy."),
    click.option("--tos-uri", metavar="URI", help="Its terms of service."),
    click.option(
        "--first-party/--third-party",
        "first_party",
        default=None,
        help="Whether it is the operator's own: its access tokens name e-mail address, user name, roles.",
    ),
    click.option("--contact", "contacts", multiple=True, metavar="EMAIL", help="Who is responsible for it."),
)


def _metadata_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.group("clients")
def clients() -> None:
    """Manage the applications that sign people in or call APIs through this server."""


clients.add_command(tokens)


@clients.command("create", cls=RepeatingCommand)
@click.option("--name", help="The name that people see.")
@click.option("--id", "client_id", help="The client id; made unless given.")
@click.option("--secret-stdin", is_flag=True, help="Take the secret from standard input instead of making one.")
@click.option("--public", is_flag=True, help="The client cannot keep a secret (browser and native applications).")
@_metadata_options
@json_option
def create(client_id: str | None, secret_stdin: bool, public: bool, as_json: bool, **given: Any) -> None:
    """Register a client. Its secret is printed once."""
    if public and given["auth_method"] not in {None, "none"}:
        raise click.UsageError("--public goes with --auth-method none alone")
    named = {"auth_method": "none"} if public else {}
    changes = changes_of(given.pop("metadata")) | _changes(given | named, {})
    if "name" not in changes:
        raise click.UsageError("a client needs a --name")
    wanted = ClientMetadata(**_with_defaults(changes))
    secret = read_secret() if secret_stdin else None
    with opened() as installation:
        _print_registered(installation.clients.create(wanted, client_id=client_id, secret=secret), as_json=as_json)


@clients.command("list")
@json_option
def list_clients(as_json: bool) -> None:
    """List every client."""
    with opened() as installation, installation.database.reading() as unit:
        found: list[ClientRecord] = []
        while page := unit.clients.page(PAGE, found[-1].id if found else None):
            found.extend(page)
    documents = [document(record) for record in found]
    if as_json:
        print_json(documents)
    else:
        print_table(("client_id", "client_name", "enabled", "profile", "grant_types"), documents)


@clients.command("show")
@click.argument("client_id")
@json_option
def show(client_id: str, as_json: bool) -> None:
    """Show what is registered of a client."""
    with opened() as installation, installation.database.reading() as unit:
        _print(document(unit.clients.get(client_id)), as_json=as_json)


@clients.command("update", cls=RepeatingCommand)
@click.argument("client_id")
@click.option("--name", help="The name that people see.")
@_metadata_options
@json_option
def update(client_id: str, as_json: bool, **given: Any) -> None:
    """Change what is registered of a client.

    A list replaces the one before, an empty value takes a field away, and `--policy KEY=` takes an override back.
    """
    with opened() as installation:
        with installation.database.reading() as unit:
            before = metadata_of(unit.clients.get(client_id))
        changes = changes_of(given.pop("metadata"), before.extensions) | _changes(given, before.policy)
        if not changes:
            raise click.UsageError("nothing to change was given")
        _print_registered(installation.clients.update(client_id, changes), as_json=as_json)


@clients.command("rotate-secret")
@click.argument("client_id")
@click.option("--overlap", type=click.IntRange(min=0), default=0, help="Seconds for which the old one stays good.")
@click.option("--secret-stdin", is_flag=True, help="Take the secret from standard input instead of making one.")
@json_option
def rotate_secret(client_id: str, overlap: int, secret_stdin: bool, as_json: bool) -> None:
    """Give a client a new secret, printed once."""
    secret = read_secret() if secret_stdin else None
    with opened() as installation:
        made = installation.clients.rotate_secret(client_id, overlap=overlap, secret=secret)
        _print({"client_id": client_id, **_secret_fields(made)}, as_json=as_json)


@clients.command("disable")
@click.argument("client_id")
@json_option
def disable(client_id: str, as_json: bool) -> None:
    """Switch a client off; its tokens are worth nothing until it is enabled."""
    with opened() as installation:
        _print(_state(installation.clients.disable(client_id)), as_json=as_json)


@clients.command("enable")
@click.argument("client_id")
@json_option
def enable(client_id: str, as_json: bool) -> None:
    """Switch a client on again."""
    with opened() as installation:
        _print(_state(installation.clients.enable(client_id)), as_json=as_json)


@clients.command("delete")
@click.argument("client_id")
@json_option
def delete(client_id: str, as_json: bool) -> None:
    """Remove a client with its secrets, consents, grants and tokens."""
    with opened() as installation:
        installation.clients.delete(client_id)
    _print({"client_id": client_id, "deleted": True}, as_json=as_json)


def document(record: ClientRecord) -> dict[str, Any]:
    """A client in the words of RFC 7591, and ours where it has none."""
    return {
        "client_id": record.id,
        "client_name": record.name,
        "enabled": record.enabled,
        "origin": record.origin,
        "profile": record.profile,
        "policy": record.policy,
        "application_type": record.application_type,
        "token_endpoint_auth_method": record.token_endpoint_auth_method,
        "redirect_uris": record.redirect_uris,
        "post_logout_redirect_uris": record.post_logout_redirect_uris,
        "grant_types": record.grant_types,
        "response_types": record.response_types,
        "scope": record.scope,
        "origins": record.origins,
        "resources": record.resources,
        "default_resource": record.default_resource,
        "jwks": record.jwks,
        "jwks_uri": record.jwks_uri,
        "client_uri": record.client_uri,
        "logo_uri": record.logo_uri,
        "policy_uri": record.policy_uri,
        "tos_uri": record.tos_uri,
        "contacts": record.contacts,
        "client_id_issued_at": validity.epoch(record.created_at),
        "version": record.version,
        **wire.write(metadata_of(record)),
    }


def _changes(given: dict[str, Any], policy: Any) -> dict[str, Any]:
    """The fields of `ClientMetadata` that options ask to change."""
    changes: dict[str, Any] = {}
    for name in _LISTS:
        if given[name]:
            changes[name] = tuple(filter(None, given[name]))
    for name in _SINGLE:
        if given[name] is not None:
            changes[name] = given[name] or None
    for name in ("profile", "application_type", "first_party", "name"):
        if given[name] is not None:
            changes[name] = given[name]
    if given["auth_method"] is not None:
        changes["token_endpoint_auth_method"] = given["auth_method"]
    changes |= normal_response_types(given["response_types"])
    if given["grants"]:
        changes["grant_types"] = tuple(word for text in given["grants"] for word in text.replace(",", " ").split())
    if given["scope"] is not None:
        changes["scopes"] = frozenset(given["scope"].split())
    if given["policy"]:
        changes["policy"] = _overridden(policy, given["policy"])
    if given["jwks"] is not None:
        changes["jwks"] = read_jwks(given["jwks"])
    return changes


def _overridden(policy: Any, pairs: tuple[str, ...]) -> dict[str, Any]:
    taken_back = {pair.removesuffix("=") for pair in pairs if pair.endswith("=")}
    added = policies.parse_overrides(pair for pair in pairs if not pair.endswith("="))
    return {key: value for key, value in policy.items() if key not in taken_back} | added


def read_jwks(path: Path) -> Any:
    """The JWK set in a file. Raises UsageError where there is none."""
    try:
        found = orjson.loads(path.read_bytes())
    except ValueError as error:
        raise click.UsageError(f"{path} is not JSON") from error
    if not isinstance(found, dict):
        raise click.UsageError(f"{path} is not a JWK set")
    return found


def _with_defaults(changes: dict[str, Any]) -> dict[str, Any]:
    """What most clients want where nothing was said: the code flow with a redirect URI, else their own tokens."""
    if "grant_types" not in changes:
        is_public = changes.get("token_endpoint_auth_method") == "none"
        code_flow = is_public or bool(changes.get("redirect_uris"))
        changes["grant_types"] = (AUTHORIZATION_CODE, REFRESH_TOKEN) if code_flow else (CLIENT_CREDENTIALS,)
        if any(
            grant == IMPLICIT
            for words in changes.get("response_types") or ()
            for grant in responses.needed_grants(words)
        ):
            changes["grant_types"] = (*changes["grant_types"], IMPLICIT)
    if "scopes" not in changes and AUTHORIZATION_CODE in changes["grant_types"]:
        changes["scopes"] = frozenset({OPENID})
    return changes


def _print_registered(made: Registered, *, as_json: bool) -> None:
    _print(document(made.client) | _secret_fields(made), as_json=as_json)


def _secret_fields(made: Registered) -> dict[str, Any]:
    return {} if made.secret is None else {"client_secret": made.secret, "client_secret_expires_at": 0}


def _state(record: ClientRecord) -> dict[str, Any]:
    return {"client_id": record.id, "enabled": record.enabled}


def _print(values: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(values)
        return
    print_fields(values)
    if "client_secret" in values:
        click.echo("The secret is not shown again; `authserver clients rotate-secret` makes another.", err=True)
