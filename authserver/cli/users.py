"""`authserver users`: the people who can sign in. USER is an id, an e-mail address or a user name."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
import orjson

from authserver.access import consents
from authserver.access.roles import ADMINISTRATOR
from authserver.cli.installation import Installation, opened
from authserver.cli.output import json_option, print_fields, print_json, print_table, read_secret
from authserver.events.persons import PersonKeys
from authserver.identity.addresses import Email, Username
from authserver.identity.passwords import NewPassword, strength
from authserver.identity.profiles import stored_claims
from authserver.identity.users import NewUser
from authserver.storage.models.grants import Consent
from authserver.storage.models.users import User
from authserver.storage.unit import Unit

PAGE = 200
STANDARD_INPUT = "-"

_claims_option = click.option(
    "--claims",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    metavar="FILE|-",
    help="A JSON object of standard claims (OpenID Connect Core §5.1); null takes one away.",
)
_remove_role_option = click.option(
    "--remove-role", "removed_roles", multiple=True, metavar="NAME", help="A role to take away."
)
_role_option = click.option("--role", "roles", multiple=True, metavar="NAME", help="A role to give.")
_admin_option = click.option("--admin", is_flag=True, help="Give the role of an administrator.")
_password_option = click.option("--password-stdin", is_flag=True, help="Take the password from standard input.")


@click.group("users")
def users() -> None:
    """Manage the people who can sign in. USER is an id, an e-mail address or a user name."""


@users.command("create")
@click.option("--email", required=True, help="The address; it can be used to sign in.")
@click.option("--username", help="A name that can be used to sign in as well.")
@_password_option
@click.option("--verified", is_flag=True, help="The address is known to be the person's.")
@_claims_option
@_role_option
@_admin_option
@json_option
def create(
    *,
    email: str,
    username: str | None,
    password_stdin: bool,
    verified: bool,
    claims: Path | None,
    roles: tuple[str, ...],
    admin: bool,
    as_json: bool,
) -> None:
    """Make an account. Without a password nobody can sign in to it until `reset-password` gives it one."""
    password = _password(password_stdin, claims)
    values = _read_claims(claims)
    address, name = Email.parse(email), Username.parse(username) if username is not None else None
    with opened() as installation:
        prepared: NewPassword | None = None
        if password is not None:
            prepared = installation.passwords.prepare(password, None, address.address, name.name if name else None)
        new = NewUser(
            email=address,
            username=name,
            password=prepared,
            email_verified=verified,
            claims=values,
            roles=_wanted_roles(roles, admin=admin),
        )
        with installation.database.unit() as unit:
            found = document(unit, installation.users.create(unit, new))
    _print(found | _judged(password), as_json=as_json)


@users.command("list")
@click.option("--search", metavar="TEXT", help="Only those whose address or user name contains this.")
@json_option
def list_users(search: str | None, as_json: bool) -> None:
    """List people, oldest first."""
    with opened() as installation, installation.database.reading() as unit:
        found: list[dict[str, Any]] = []
        after: str | None = None
        while page := unit.users.page(PAGE, after, search):
            found.extend(document(unit, user) for user in page)
            after = page[-1].id
    if as_json:
        print_json(found)
    else:
        print_table(("sub", "preferred_username", "email", "status", "roles", "last_login_at"), found)


@users.command("show")
@click.argument("user")
@json_option
def show(user: str, as_json: bool) -> None:
    """Show what is known about a person."""
    with opened() as installation, installation.database.reading() as unit:
        _print(document(unit, installation.users.get(unit, user)), as_json=as_json)


@users.command("update")
@click.argument("user")
@_claims_option
@_role_option
@_remove_role_option
@_admin_option
@json_option
def update(
    *,
    user: str,
    claims: Path | None,
    roles: tuple[str, ...],
    removed_roles: tuple[str, ...],
    admin: bool,
    as_json: bool,
) -> None:
    """Change claims of a person, give roles or take them away. The last administrator stays one."""
    wanted = _wanted_roles(roles, admin=admin)
    if claims is None and not wanted and not removed_roles:
        raise click.UsageError("nothing to change was given")
    if twice := set(wanted).intersection(removed_roles):
        raise click.UsageError(f"{', '.join(sorted(twice))} cannot be given and taken away at once")
    values = _read_claims(claims)
    with opened() as installation:
        with installation.database.unit() as unit:
            found = installation.users.get(unit, user)
            installation.users.update(unit, found, values)
            for role in wanted:
                installation.users.assign_role(unit, found, role)
            for role in removed_roles:
                _take_role(installation, unit, found, role)
            shown = document(unit, found)
        _print(shown, as_json=as_json)


@users.command("disable")
@click.argument("user")
@click.option("--reason", help="Why, for the audit log.")
@json_option
def disable(user: str, reason: str | None, as_json: bool) -> None:
    """Close an account; its sessions, grants and tokens end at once."""
    with opened() as installation:
        with installation.database.unit() as unit:
            found = installation.users.get(unit, user)
            installation.users.disable(unit, found, reason)
            shown = document(unit, found)
        _print(shown, as_json=as_json)


@users.command("enable")
@click.argument("user")
@json_option
def enable(user: str, as_json: bool) -> None:
    """Open an account that was disabled, and lift its locks."""
    with opened() as installation:
        with installation.database.unit() as unit:
            found = installation.users.get(unit, user)
            installation.users.enable(unit, found)
            shown = document(unit, found)
        _print(shown, as_json=as_json)


@users.command("reset-password")
@click.argument("user")
@_password_option
@json_option
def reset_password(user: str, password_stdin: bool, as_json: bool) -> None:
    """Replace a password; the person's sessions, grants and tokens end at once.

    Without --password-stdin a one-time password is printed, which must be changed at the next sign-in.
    """
    password = read_secret() if password_stdin else None
    with opened() as installation:
        one_time, prepared = _prepared(installation, user, password)
        with installation.database.unit() as unit:
            found = installation.users.get(unit, user)
            installation.users.reset_password(unit, found, prepared, must_change=one_time is not None)
            shown = document(unit, found)
        made = {"one_time_password": one_time} if one_time else {}
        _print(shown | made | _judged(password), as_json=as_json)


@users.command("erase")
@click.argument("user")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def erase(user: str, yes: bool, as_json: bool) -> None:
    """Delete an account and everything that is known about the person, for good.

    What the audit log keeps about the person becomes unreadable; the log itself stays whole.
    """
    with opened() as installation:
        keys = PersonKeys(installation.sealer)
        with installation.database.reading() as unit:
            sub = installation.users.get(unit, user).id
        if not yes:
            click.confirm(f"Erase {user} ({sub})? Nobody can undo this", abort=True, err=True)
        with installation.database.unit() as unit:
            found = installation.users.get(unit, sub)
            _spare_last_administrator(unit, found)
            installation.users.erase(unit, found, keys)
    _print({"sub": sub, "erased": True}, as_json=as_json)


@users.command("consents")
@click.argument("user")
@click.option("--revoke", "revoked", metavar="CLIENT_ID", help="Take the consent for this client back.")
@json_option
def list_consents(user: str, revoked: str | None, as_json: bool) -> None:
    """List what a person has allowed clients for good, or take one consent back.

    What was granted by a consent that is taken back ends at once, offline access too; the client has to ask again.
    """
    with opened() as installation, installation.database.unit() as unit:
        found = installation.users.get(unit, user)
        if revoked is not None:
            _revoke_consent(installation, unit, found, revoked)
        rows = [_consent_document(consent) for consent in unit.consents.of_user(found.id)]
    if as_json:
        print_json(rows)
    else:
        print_table(("client_id", "scope", "resources", "updated_at"), rows)


def _take_role(installation: Installation, unit: Unit, user: User, role: str) -> None:
    if role == ADMINISTRATOR:
        _spare_last_administrator(unit, user)
    installation.users.take_role(unit, user, role)


def _spare_last_administrator(unit: Unit, user: User) -> None:
    """Refuse to leave the installation without an administrator; `init` would make another one."""
    if [holder.id for holder in unit.roles.holders_of(ADMINISTRATOR)] == [user.id]:
        raise click.ClickException("this is the last administrator; give the role to somebody else first")


def _revoke_consent(installation: Installation, unit: Unit, user: User, client_id: str) -> None:
    """Take a consent back, whether it is remembered or only grants are left of it."""
    remembered = unit.consents.find(user.id, client_id) is not None
    ended = consents.revoke(unit, installation.recorder, user.id, client_id)
    if not remembered and not ended:
        raise click.ClickException(f"nothing was allowed to the client {client_id}")


def _consent_document(consent: Consent) -> dict[str, Any]:
    return {
        "client_id": consent.client_id,
        "scope": consent.scope,
        "resources": consent.resources,
        "created_at": consent.created_at,
        "updated_at": consent.updated_at,
    }


def document(unit: Unit, user: User) -> dict[str, Any]:
    """A person as the commands print it: standard claims, then what the server knows besides."""
    return {
        "sub": user.id,
        **stored_claims(user),
        "roles": unit.roles.names_of(user.id),
        "status": user.status,
        "active": user.may_sign_in,
        "has_password": user.password_hash is not None,
        "password_must_change": user.password_must_change,
        "locked_until": user.locked_until if user.is_locked() else None,
        "created_at": user.created_at,
        "last_login_at": user.last_login_at,
    }


def _prepared(installation: Installation, reference: str, password: str | None) -> tuple[str | None, NewPassword]:
    """Hash the new password before the transaction begins; with it the one-time password, where one was made."""
    if password is None:
        return installation.passwords.prepare_one_time()
    with installation.database.reading() as unit:
        user = installation.users.get(unit, reference)
    installation.passwords.policy.check(password, user.email, user.username)
    return None, NewPassword(installation.hasher.hash(password))


def _judged(password: str | None) -> dict[str, int]:
    """How hard a password that somebody chose is to guess, 0 to 4; nothing where none was chosen."""
    return {} if password is None else {"password_strength": strength(password)}


def _password(from_stdin: bool, claims: Path | None) -> str | None:
    if not from_stdin:
        return None
    if claims is not None and str(claims) == STANDARD_INPUT:
        raise click.UsageError("standard input can hold the password or the claims, not both")
    return read_secret()


def _read_claims(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    content = sys.stdin.buffer.read() if str(path) == STANDARD_INPUT else path.read_bytes()
    try:
        values = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise click.UsageError(f"the claims are not JSON: {error}") from error
    if not isinstance(values, dict):
        raise click.UsageError("the claims are not a JSON object")
    return values


def _wanted_roles(roles: tuple[str, ...], *, admin: bool) -> tuple[str, ...]:
    return (*roles, ADMINISTRATOR) if admin and ADMINISTRATOR not in roles else roles


def _print(values: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(values)
    else:
        print_fields(values)
