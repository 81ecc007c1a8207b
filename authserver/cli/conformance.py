"""`authserver conformance`: what the OpenID Foundation suite needs to test this installation."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import orjson

from authserver.access.authorization_types import AuthorizationTypes, TypeMetadata
from authserver.access.registration import ResourceMetadata
from authserver.cli.conformance_clients import (
    API_SCOPE,
    DETAILS_TYPE,
    ClientSet,
    SuiteKeys,
    Wanted,
    approver,
    certificates,
    client_sets,
    wanted,
)
from authserver.cli.installation import Installation, opened
from authserver.cli.output import json_option, print_fields, print_json
from authserver.clients.initial_access import LONGEST_LIFE
from authserver.clients.metadata import ClientMetadata
from authserver.identity.addresses import Email, Username
from authserver.identity.users import NewUser
from authserver.protocol.errors import NotFound
from authserver.protocol.uris import check_web_uri

FILE = "clients.json"
API_PATH, APPROVALS_PATH = "/api/v1", "/approvals"
FORMAT = 1
EMAIL = "alice@example.com"
DYNAMIC_PROFILES = ("oidc", "fapi1-advanced")
"""What clients of the suite register themselves for: OpenID Connect, and FAPI-CIBA."""

DETAILS_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"type": {"const": DETAILS_TYPE}, "actions": {"type": "array", "items": {"enum": ["read"]}}},
    "required": ["type", "actions"],
    "additionalProperties": False,
}

CLAIMS: Mapping[str, Any] = {
    "name": "Alice Liddell",
    "given_name": "Alice",
    "family_name": "Liddell",
    "middle_name": "Pleasance",
    "nickname": "Al",
    "profile": "https://example.com/alice",
    "picture": "https://example.com/alice.png",
    "website": "https://alice.example.com",
    "gender": "female",
    "birthdate": "1852-05-04",
    "zoneinfo": "Europe/London",
    "locale": "en-GB",
    "phone_number": "+441865271150",
    "phone_number_verified": True,
    "address": {
        "formatted": "Christ Church\nOxford OX1 1DP",
        "street_address": "Christ Church",
        "locality": "Oxford",
        "region": "Oxfordshire",
        "postal_code": "OX1 1DP",
        "country": "GB",
    },
}
"""Every standard claim (OpenID Connect Core §5.1) that is not the account's own."""


@click.group("conformance")
def conformance() -> None:
    """Have this installation tested by the OpenID Foundation suite (`conformance/README.md`)."""


@conformance.command("prepare")
@click.option("--suite", required=True, metavar="URL", help="The address of the suite.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Receives clients.json.")
@click.option(
    "--alias", default="authserver", show_default=True, help="What callback addresses at the suite begin with."
)
@click.option("--mtls-issuer", metavar="URL", help="This server's address for client certificates, if it has another.")
@click.option("--username", default="alice", show_default=True, help="The name of the person who signs in.")
@json_option
def prepare(*, suite: str, out: Path, alias: str, mtls_issuer: str | None, username: str, as_json: bool) -> None:
    """Make the person and the clients that the plans need, and write them to OUT/clients.json.

    Safe to repeat: what the file knows is kept, what is missing is made. The file holds a password, secrets and private
    keys that open this installation, so it is never prepared in production.
    """
    check_web_uri(suite, "suite")
    path = out / FILE
    with opened() as installation:
        if installation.settings.environment == "production":
            raise click.ClickException("the suite's clients have known keys: they are not made in production")
        known = orjson.loads(path.read_bytes()) if path.exists() else {}
        document = _prepared(installation, known, suite.rstrip("/"), alias)
        document["mtls_issuer"] = (mtls_issuer or installation.settings.issuer).rstrip("/")
        document["user"] = _person(installation, known.get("user", {}), username)
    _write(path, document)
    report = {"file": str(path), "sets": len(document["sets"])}
    report |= {"settings": _settings(suite)}
    if as_json:
        print_json(report)
    else:
        print_fields(report)


def _prepared(installation: Installation, known: Mapping[str, Any], suite: str, alias: str) -> dict[str, Any]:
    suite_keys = SuiteKeys.of(known.get("keys", {}))
    sets: dict[str, Any] = {}
    api = _api(installation)
    _details_type(installation)
    for found in client_sets(api):
        before = known.get("sets", {}).get(found.name, {})
        sets[found.name] = _register(installation, found, suite_keys, before, (suite, f"{alias}-{found.name}"))
    return {
        "approvals": _approvals(installation, api, known.get("approvals", {})),
        "format": FORMAT,
        "issuer": installation.settings.issuer,
        "suite": suite,
        "keys": suite_keys.to_document(),
        "sets": sets,
        "initial_access_tokens": _initial_access_tokens(installation, known.get("initial_access_tokens", {})),
        "resource": f"{api}{APPROVALS_PATH}",
    }


def _api(installation: Installation) -> str:
    """The server's own API as a resource, which the plans without OpenID Connect get tokens for."""
    uri = f"{installation.settings.issuer}{API_PATH}"
    with installation.database.reading() as unit:
        exists = unit.resources.find(uri) is not None
    if not exists:
        installation.access.create_resource(uri, ResourceMetadata("authserver API", scopes=frozenset({API_SCOPE})))
    return uri


def _details_type(installation: Installation) -> None:
    """The type of authorization details that the plans with rich requests ask for (RFC 9396)."""
    with installation.database.reading() as unit:
        exists = unit.authorization_types.find(DETAILS_TYPE) is not None
    if not exists:
        wanted = TypeMetadata("Test of conformance", "Do what the test is about: {actions}", DETAILS_SCHEMA)
        AuthorizationTypes(installation.database, installation.recorder).create(DETAILS_TYPE, wanted)


def _approvals(installation: Installation, api: str, known: Mapping[str, str]) -> dict[str, Any]:
    """Where CIBA requests are answered, and the client whose tokens let the runner do so."""
    client = approver(api, known.get("client_secret") or secrets.token_urlsafe(32))
    _settle(installation, client)
    return {"url": f"{api}{APPROVALS_PATH}", **client.told}


def _initial_access_tokens(installation: Installation, known: Mapping[str, str]) -> dict[str, str]:
    """A token for each profile under which clients of the suite register themselves."""
    return {
        profile: known.get(profile)
        or installation.initial_access_tokens.create(
            profile, uses=None, lifetime=LONGEST_LIFE, note="conformance"
        ).value
        for profile in DYNAMIC_PROFILES
    }


def _register(
    installation: Installation, found: ClientSet, suite_keys: SuiteKeys, before: Mapping[str, Any], at: tuple[str, str]
) -> dict[str, Any]:
    suite, alias = at
    clients = wanted(found, f"{suite}/test/a/{alias}", suite_keys, before)
    for client in clients.values():
        _settle(installation, client)
    told = {member: dict(client.told) for member, client in clients.items()}
    return {"alias": alias, **told, **certificates(found, suite_keys)}


def _settle(installation: Installation, client: Wanted) -> None:
    """Make the client, or bring the one that is there to what is wanted."""
    with installation.database.reading() as unit:
        exists = unit.clients.find(client.client_id) is not None
    if not exists:
        installation.clients.create(client.metadata, client_id=client.client_id, secret=client.secret)
        return
    changes = {field.name: getattr(client.metadata, field.name) for field in fields(ClientMetadata)}
    installation.clients.update(client.client_id, changes)
    if client.secret is not None and not _has_secret(installation, client.client_id, client.secret):
        installation.clients.rotate_secret(client.client_id, secret=client.secret)


def _has_secret(installation: Installation, client_id: str, secret: str) -> bool:
    with installation.database.reading() as unit:
        rows = unit.client_secrets.live(client_id)
    return any(installation.client_secrets.matches(secret, row.digest) for row in rows)


def _person(installation: Installation, known: Mapping[str, Any], username: str) -> dict[str, str]:
    """The person with every standard claim; an account that the file does not know receives a new password."""
    password, hashed = installation.passwords.prepare_one_time()
    with installation.database.unit() as unit:
        try:
            user = installation.users.get(unit, username)
        except NotFound:
            new = NewUser(Email.parse(EMAIL), Username.parse(username), hashed, email_verified=True, claims=CLAIMS)
            installation.users.create(unit, new)
        else:
            installation.users.update(unit, user, CLAIMS)
            if known.get("username") == username:
                return {"username": username, "password": known["password"]}
            installation.users.reset_password(unit, user, hashed, must_change=False)
    return {"username": username, "password": password}


def _write(path: Path, document: Mapping[str, Any]) -> None:
    """Write the file so that only its owner can read it, from its first byte on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    fresh.replace(path)


def _settings(suite: str) -> dict[str, str]:
    """What the server must be allowed, besides, for the suite to test all of it."""
    parts = urlsplit(suite)
    return {
        "AUTHSERVER_OUTBOUND_ALLOW": parts.netloc if parts.port else f"{parts.netloc}:443",
        "AUTHSERVER_RATE_LIMITS": "off",
        "AUTHSERVER_REGISTRATION": "token",
    }
