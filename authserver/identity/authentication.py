"""A login and a password: whose are they?

Every answer that a stranger can get is the same for names that exist and names
that do not: same words, same work (one slow hash), same locks. What only the
owner may learn, that the account was closed, is said to the right password alone.

A refusal is decided, counted and recorded in one transaction that commits
before the error is raised, so its effects are never rolled back with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from authserver.crypto.passwords import PasswordHasher
from authserver.events.catalog import PasswordRehashed, UserAccountLocked, UserLoginFailed
from authserver.events.outbox import Recorder
from authserver.identity.addresses import login_key
from authserver.identity.lockout import LOCKED, Attempt, Lockout
from authserver.protocol import validity
from authserver.protocol.errors import AccountLocked, ApplicationError, AuthenticationError
from authserver.storage.database import Database
from authserver.storage.models.users import User
from authserver.storage.unit import Unit
from authserver.telemetry import context

INVALID_CREDENTIALS: Final = "Invalid credentials"
ACCOUNT_DELETED: Final = "Your account has been deleted and access is denied."
ACCOUNT_DISABLED: Final = "Your account is disabled."


class AccountDeleted(AuthenticationError):
    """The password was right, but the account was deleted."""

    code = "account_deleted"


class AccountDisabled(AuthenticationError):
    """The password was right, but the account is closed for now."""

    code = "account_disabled"


@dataclass(frozen=True, slots=True)
class _Try:
    """One attempt on its way through `check`.

    Attributes:
        key: normal form of the login.
        user: whom it names, as read before hashing.
        refusal: what was known against it before hashing.
        is_right: whether the password matched `user.password_hash`.
        new_hash: a better hash of the same password, where one is due.
    """

    key: str
    user: User | None
    attempt: Attempt
    refusal: ApplicationError | None = None
    is_right: bool = False
    new_hash: str | None = None


@dataclass(frozen=True, slots=True)
class _Verdict:
    user: User | None = None
    error: ApplicationError | None = None


class PasswordAuthentication:
    """Checks passwords, for every door that takes one."""

    def __init__(self, database: Database, hasher: PasswordHasher, lockout: Lockout, recorder: Recorder) -> None:
        self._database = database
        self._hasher = hasher
        self._lockout = lockout
        self._recorder = recorder

    def check(self, login: str, password: str) -> User:
        """The person whose e-mail address or user name and password these are.

        The address that failures count for is that of the current request. A
        password that must be changed is right all the same; the caller asks
        `password_must_change`.

        Raises:
            AuthenticationError: wrong, in the same words for an unknown name.
            AccountDeleted, AccountDisabled: right, but the account is closed.
            AccountLocked: too many failures; `retry_after` is seconds.
            RateLimited: too soon after a failure; `retry_after` is seconds.
            TemporarilyUnavailable: too many passwords are waiting to be hashed.
        """
        begun = self._begin(login)
        judged = begun if begun.refusal is not None else self._hashed(begun, password)
        verdict = self._database.retrying(lambda: self._settle(judged, login))
        if verdict.user is None:
            raise verdict.error or AuthenticationError(INVALID_CREDENTIALS)
        return verdict.user

    def _begin(self, login: str) -> _Try:
        key = login_key(login)
        with self._database.reading() as unit:
            user = unit.users.find_by_login(key)
            attempt = self._lockout.attempt(key, user, context.current().address)
            return _Try(key, user, attempt, self._refusal(unit, attempt, user))

    def _refusal(self, unit: Unit, attempt: Attempt, user: User | None) -> ApplicationError | None:
        refusal = self._lockout.refusal(unit, attempt)
        if refusal is None and user is not None and user.locked_until is not None and user.is_locked():
            remaining = (user.locked_until - validity.now()).total_seconds()
            return AccountLocked(LOCKED, retry_after=max(1, int(remaining) + 1))
        return refusal

    def _hashed(self, begun: _Try, password: str) -> _Try:
        """Do the slow work, outside of any transaction: one hash, for an unknown name too."""
        stored = begun.user.password_hash if begun.user is not None else None
        found = self._hasher.verify(password, stored)
        new_hash = self._hasher.hash(password) if found.ok and found.needs_rehash else None
        return _Try(begun.key, begun.user, begun.attempt, None, found.ok, new_hash)

    def _settle(self, tried: _Try, login: str) -> _Verdict:
        """Decide in one transaction, behind every other attempt on the same name."""
        with self._database.unit() as unit:
            self._lockout.hold(unit, tried.attempt)
            user = unit.users.find(tried.user.id) if tried.user is not None else None
            refusal = self._refusal(unit, tried.attempt, user) or tried.refusal
            if refusal is not None:
                return self._refuse(unit, tried, user, login, refusal)
            # A password that was replaced while it was being hashed is an old one.
            if (
                user is None
                or not tried.is_right
                or tried.user is None
                or user.password_hash != tried.user.password_hash
            ):
                return self._refuse(unit, tried, user, login, AuthenticationError(INVALID_CREDENTIALS))
            if not user.may_sign_in:
                return self._refuse(unit, tried, user, login, _closed(user))
            return self._accept(unit, tried, user)

    def _refuse(self, unit: Unit, tried: _Try, user: User | None, login: str, error: ApplicationError) -> _Verdict:
        """Record why, and count it unless the account is locked already or the password was right."""
        digest = self._lockout.identifier_digest(tried.key)
        # What was typed is kept only where it names somebody: people type passwords into the wrong field.
        shown = login.strip() if user is not None else None
        user_id = user.id if user is not None else None
        failed = UserLoginFailed(
            user_id=user_id, reason=_reason(error, user), identifier_digest=digest, identifier=shown
        )
        self._recorder.record(unit, failed)
        if isinstance(error, AccountLocked | AccountDeleted | AccountDisabled):
            return _Verdict(error=error)
        if user is not None:
            user.increment_failed_attempts()
        lock = self._lockout.count_failure(unit, tried.attempt)
        if lock is not None:
            if user is not None and lock.everywhere:
                user.lock_account(lock.seconds)
            locked = UserAccountLocked(
                user_id=user_id,
                failures=lock.failures,
                locked_for=lock.seconds,
                identifier_digest=digest,
                identifier=shown,
            )
            self._recorder.record(unit, locked)
        return _Verdict(error=error)

    def _accept(self, unit: Unit, tried: _Try, user: User) -> _Verdict:
        self._lockout.forgive(unit, tried.attempt)
        user.failed_attempts = 0
        old = user.password_hash
        if tried.new_hash is not None and old is not None:
            user.password_hash = tried.new_hash
            self._recorder.record(unit, PasswordRehashed(user_id=user.id, from_scheme=old.split("$")[1]))
        return _Verdict(user=user)


def _closed(user: User) -> AuthenticationError:
    """The error for an account that is not open; an inactive one that nobody disabled counts as deleted."""
    if user.deleted_at is not None or (not user.is_active and user.status == "active"):
        return AccountDeleted(ACCOUNT_DELETED)
    return AccountDisabled(ACCOUNT_DISABLED)


def _reason(error: ApplicationError, user: User | None) -> str:
    """The stable word for the event; it tells apart what the public answer does not."""
    if type(error) is AuthenticationError:
        return "user_unknown" if user is None else "password_wrong"
    return {"account_locked": "account_locked", "rate_limited": "too_soon"}.get(error.code, error.code)
