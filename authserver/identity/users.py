"""Accounts: made, changed, closed, opened and taken away, each with its event in the same transaction.

What closes an account or replaces its password without the old one ends every
session and grant of the person in that transaction, so no path is left open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from authserver.events.catalog import (
    PersonErased,
    SessionEnded,
    UserAccountUnlocked,
    UserCreated,
    UserDeleted,
    UserDisabled,
    UserEnabled,
    UserRoleCreated,
    UserRoleDeleted,
    UserUpdated,
)
from authserver.events.outbox import Recorder
from authserver.events.persons import PersonKeys
from authserver.identity import profiles
from authserver.identity.addresses import Email, Username, login_key
from authserver.identity.lockout import Lockout
from authserver.identity.passwords import NewPassword, Passwords
from authserver.protocol import validity
from authserver.protocol.errors import NotFound
from authserver.protocol.identifiers import looks_like_id
from authserver.storage.models.users import User
from authserver.storage.unit import Unit

ACTIVE: Final = "active"
DISABLED: Final = "suspended"
DELETED: Final = "deleted"

_ABOUT_A_PERSON: Final = (
    "username",
    "username_key",
    "email",
    "email_key",
    "password_hash",
    "name",
    "given_name",
    "family_name",
    "country",
    "birth_date",
    "phone_number",
)


@dataclass(frozen=True, slots=True)
class NewUser:
    """An account to be made. Without a password nobody can sign in to it by password."""

    email: Email | None
    username: Username | None = None
    password: NewPassword | None = None
    password_must_change: bool = False
    email_verified: bool = False
    claims: Mapping[str, Any] = field(default_factory=dict)
    roles: tuple[str, ...] = ()
    source: str = "administrator"


class Users:
    """Works on accounts in the caller's transaction."""

    def __init__(self, passwords: Passwords, lockout: Lockout, recorder: Recorder) -> None:
        self._passwords = passwords
        self._lockout = lockout
        self._recorder = recorder

    def create(self, unit: Unit, new: NewUser) -> User:
        """Make an account.

        Raises:
            ConflictError: the e-mail address or user name is taken; `field` says which.
            ClaimsRefused: claims that cannot be stored.
        """
        user = User(
            email=new.email.address if new.email else None,
            email_key=new.email.key if new.email else None,
            email_verified=new.email_verified and new.email is not None,
            username=new.username.name if new.username else None,
            username_key=new.username.key if new.username else None,
            password_hash=new.password.hash if new.password else None,
            password_changed_at=validity.now() if new.password else None,
            password_must_change=new.password_must_change,
            claims={},
        )
        profiles.apply(user, new.claims)
        unit.users.add(user)
        event = UserCreated(user_id=user.id, source=new.source, username=user.username, email=user.email)
        self._recorder.record(unit, event)
        for role in new.roles:
            self.assign_role(unit, user, role)
        return user

    def assign_role(self, unit: Unit, user: User, role: str) -> None:
        """Give a person a role, which is made if there is none of this name."""
        if role not in unit.roles.names_of(user.id):
            found = unit.roles.ensure(role)
            unit.roles.assign(user.id, found)
            self._recorder.record(unit, UserRoleCreated(user_id=user.id, role=role))

    def take_role(self, unit: Unit, user: User, role: str) -> None:
        """Take a role from a person.

        Raises:
            NotFound: the person does not have it.
        """
        if not unit.roles.withdraw(user.id, role):
            raise NotFound(f"This user does not have the role {role}.")
        self._recorder.record(unit, UserRoleDeleted(user_id=user.id, role=role))

    def get(self, unit: Unit, reference: str) -> User:
        """The person that an id, an e-mail address or a user name names; deleted ones by id alone.

        Raises:
            NotFound: nobody.
        """
        is_id = looks_like_id(reference) and reference.isascii() and reference.isprintable()
        user = unit.users.find(reference) if is_id else None
        if user is None:
            user = unit.users.find_by_login(login_key(reference))
        if user is None:
            raise NotFound("There is no such user.")
        return user

    def update(self, unit: Unit, user: User, changes: Mapping[str, Any]) -> tuple[str, ...]:
        """Change standard claims; null takes one away. Returns the names of those that changed.

        Raises:
            ClaimsRefused: unknown names or wrong values.
            ConflictError: the new e-mail address or user name is taken.
        """
        changed = profiles.apply(user, changes)
        if changed:
            unit.users.save(user)
            self._recorder.record(unit, UserUpdated(user_id=user.id, changed=changed))
        return changed

    def disable(self, unit: Unit, user: User, reason: str | None = None) -> None:
        """Close an account until it is enabled again; everything of the person ends. Twice is as good as once."""
        if user.status == DISABLED:
            return
        user.is_active, user.status = False, DISABLED
        self._end_everything(unit, user, "user_disabled")
        unit.users.save(user)
        self._recorder.record(unit, UserDisabled(user_id=user.id, reason=reason))

    def enable(self, unit: Unit, user: User) -> None:
        """Open an account that was disabled, and lift its locks.

        Raises:
            NotFound: it was deleted; a deleted account stays so.
        """
        if user.deleted_at is not None:
            raise NotFound("This user was deleted.")
        self._lift_locks(unit, user)
        if user.may_sign_in:
            return
        user.is_active, user.status = True, ACTIVE
        unit.users.save(user)
        self._recorder.record(unit, UserEnabled(user_id=user.id))

    def delete(self, unit: Unit, user: User) -> None:
        """Close an account for good; everything of the person ends. The row stays as evidence."""
        if user.deleted_at is not None:
            return
        user.is_active, user.status, user.deleted_at = False, DELETED, validity.now()
        self._end_everything(unit, user, "user_deleted")
        unit.users.save(user)
        self._recorder.record(unit, UserDeleted(user_id=user.id))

    def erase(self, unit: Unit, user: User, keys: PersonKeys) -> None:
        """Delete an account and make unreadable what is known about the person, in the audit log too.

        What is left is the id, and what happened to it. There is no way back.
        """
        self.delete(unit, user)
        for name in _ABOUT_A_PERSON:
            setattr(user, name, None)
        user.claims, user.email_verified, user.phone_number_verified = {}, False, False
        unit.users.save(user)
        keys.erase(unit, user.id)
        self._recorder.record(unit, PersonErased(user_id=user.id))

    def reset_password(self, unit: Unit, user: User, new: NewPassword, *, must_change: bool = True) -> None:
        """Replace a password without the old one; everything of the person ends, and so do locks."""
        self._passwords.replace(unit, user, new, must_change=must_change, source="administrator")
        self._lift_locks(unit, user)
        self._end_everything(unit, user, "password_reset")

    def sign_out_everywhere(self, unit: Unit, user: User) -> int:
        """End every session and grant of a person; returns how many sessions."""
        return self._end_everything(unit, user, "signed_out_everywhere")

    def _lift_locks(self, unit: Unit, user: User) -> None:
        if self._lockout.lift(unit, user):
            self._recorder.record(unit, UserAccountUnlocked(user_id=user.id))

    def _end_everything(self, unit: Unit, user: User, reason: str) -> int:
        """End sessions and grants, offline ones too. A password that was checked before begins no session any more."""
        user.sessions_valid_from = validity.now()
        for session in unit.sessions.of_user(user.id):
            unit.logout_deliveries.queue(session.id, user.id)
            self._recorder.record(unit, SessionEnded(user_id=user.id, session_id=session.id, reason=reason))
        unit.grants.revoke_of_user(user.id, reason)
        return unit.sessions.end_all_of(user.id, reason)
