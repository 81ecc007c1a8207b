"""`authserver init`: what a database needs before the first request, made once however often it is asked for."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from authserver.access.registration import seed_standard_scopes
from authserver.access.roles import ADMINISTRATOR, SYSTEM_ROLES
from authserver.cli.installation import Installation, opened
from authserver.cli.output import json_option, print_json, read_secret
from authserver.clients import subject_identifiers
from authserver.identity.addresses import Email, Username
from authserver.identity.passwords import NewPassword
from authserver.identity.users import NewUser
from authserver.playground import own_client
from authserver.signing.importing import import_directory
from authserver.storage import locks, migrations
from authserver.storage.models.users import User
from authserver.storage.unit import Unit

FIRST_NAME = ADMINISTRATOR
"""The user name of the first administrator."""

PASSWORD_FILE = "admin-password"
LOCK = "init"


@dataclass(frozen=True, slots=True)
class FirstAdministrator:
    """The account that was made, with its password where that was made too."""

    user: User
    one_time_password: str | None


@dataclass(frozen=True, slots=True)
class Initialised:
    """What an initialisation did: nothing, where everything was there."""

    revision: str
    kids: tuple[str, ...]
    administrator: FirstAdministrator | None


@dataclass(frozen=True, slots=True)
class AdministratorWish:
    """How the first administrator shall be called and prove itself, should there be none."""

    email: str | None = None
    password: str | None = None


@click.command("init")
@click.option("--admin-email", metavar="EMAIL", help="The address of the first administrator.")
@click.option("--admin-password-stdin", is_flag=True, help="Take the password from standard input.")
@json_option
def init(admin_email: str | None, admin_password_stdin: bool, as_json: bool) -> None:
    """Make the database ready: schema, signing keys, roles, standard scopes, first administrator.

    Safe to repeat, and to run on several machines at once. A password that is made here must be changed at the first
    sign-in; it is shown on a terminal, and otherwise kept in a file that only its owner can read.
    """
    wish = AdministratorWish(admin_email, read_secret() if admin_password_stdin else None)
    with opened(current_schema=False) as installation:
        on_terminal = sys.stdout.isatty()
        file = None if on_terminal else installation.settings.instance_dir / PASSWORD_FILE
        done = initialise(installation, wish, file)
        report = _document(done, file)
    if as_json:
        print_json(report)
    else:
        click.echo(_words(done, file))


def initialise(installation: Installation, wish: AdministratorWish, password_file: Path | None = None) -> Initialised:
    """Make what is missing. Of several processes that try at once one makes it and the others find it.

    Args:
        installation: where.
        wish: who the first administrator shall be.
        password_file: where a one-time password is written before the account exists; not written without.

    Raises:
        ApplicationError: the wish cannot be granted.
    """
    revision = migrations.upgrade(installation.database)
    prepared = _prepare_administrator(installation, wish)
    with installation.database.unit() as unit:
        locks.hold(unit, LOCK)
        imported = import_directory(unit, installation.settings.keys_dir, installation.rotation)
        kids = [item.kid for item in imported if item.outcome != "known"]
        kids += installation.rotation.ensure(unit)
        subject_identifiers.ensure_key(unit, installation.sealer)
        for name, description in SYSTEM_ROLES.items():
            unit.roles.ensure(name, description, is_system=True)
        seed_standard_scopes(unit)
        administrator = None
        if prepared is not None and not unit.roles.has_holder(ADMINISTRATOR):
            administrator = _create_administrator(installation, unit, prepared, password_file)
    if not installation.settings.playground:
        own_client.withdraw(installation.database, installation.clients)
    return Initialised(revision, tuple(kids), administrator)


@dataclass(frozen=True, slots=True)
class _Prepared:
    email: Email | None
    hashed: NewPassword
    one_time_password: str | None


def _prepare_administrator(installation: Installation, wish: AdministratorWish) -> _Prepared | None:
    """Check and hash outside the transaction: hashing is slow on purpose."""
    with installation.database.reading() as unit:
        if unit.roles.has_holder(ADMINISTRATOR):
            return None
    email = Email.parse(wish.email) if wish.email else None
    if wish.password is not None:
        return _Prepared(email, installation.passwords.prepare(wish.password, None, FIRST_NAME, wish.email), None)
    password, hashed = installation.passwords.prepare_one_time()
    return _Prepared(email, hashed, password)


def _create_administrator(
    installation: Installation, unit: Unit, prepared: _Prepared, password_file: Path | None
) -> FirstAdministrator:
    if prepared.one_time_password is not None and password_file is not None:
        _write_private(password_file, prepared.one_time_password)
    new = NewUser(
        email=prepared.email,
        username=Username.parse(FIRST_NAME),
        password=prepared.hashed,
        password_must_change=prepared.one_time_password is not None,
        email_verified=prepared.email is not None,
        roles=(ADMINISTRATOR,),
        source="init",
    )
    return FirstAdministrator(installation.users.create(unit, new), prepared.one_time_password)


def _write_private(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{text}\n")


def _document(done: Initialised, file: Path | None) -> dict[str, Any]:
    made = done.administrator
    administrator: dict[str, Any] | None = None
    if made is not None:
        administrator = {"sub": made.user.id, "preferred_username": made.user.username, "email": made.user.email}
        if made.one_time_password is not None:
            administrator |= {"password": made.one_time_password} if file is None else {"password_file": str(file)}
    return {"revision": done.revision, "keys": list(done.kids), "administrator": administrator}


def _words(done: Initialised, file: Path | None) -> str:
    made = done.administrator
    if made is None:
        return f"schema {done.revision}: ready"
    lines = [f"schema {done.revision}: ready", f"administrator: {made.user.email or made.user.username}"]
    if made.one_time_password is not None and file is None:
        lines.append(f"one-time password: {made.one_time_password}")
    elif made.one_time_password is not None:
        lines.append(f"one-time password: in {file}; delete the file when you have signed in")
    return "\n".join(lines)
