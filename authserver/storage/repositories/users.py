"""Queries over people."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.exc import IntegrityError

from authserver.protocol import validity
from authserver.protocol.errors import ConflictError, NotFound
from authserver.storage.compiled import CompiledFind
from authserver.storage.models.users import OAuthAccount, User
from authserver.storage.repositories.rows import Repository

_READ = CompiledFind(User, User.id == bindparam("wanted"))


class Users(Repository):
    """People, by id, by normalised e-mail and user name, by upstream account."""

    def add(self, user: User) -> User:
        """Store a new person.

        Raises:
            ConflictError: the e-mail or user name is taken.
        """
        self.session.add(user)
        self._flush()
        return user

    def save(self, user: User) -> None:
        """Store what changed of a person. Raises ConflictError as `add` does."""
        user.updated_at = validity.now()
        user.version += 1
        self._flush()

    def _flush(self) -> None:
        try:
            self.session.flush()
        except IntegrityError as error:
            named = str(error.orig)
            if "email_key" in named:
                raise ConflictError("Email already exists", field="email") from error
            if "username_key" in named:
                raise ConflictError("Username already exists", field="username") from error
            raise

    def find(self, user_id: str) -> User | None:
        """The person with this id."""
        return self.session.get(User, user_id)

    def hold(self, user_id: str) -> User | None:
        """The person with this id as it is now; who would change or hold it waits until the transaction ends."""
        # Not against what merely refers to the person, as every new grant does (PostgreSQL, explicit locking).
        statement = select(User).where(User.id == user_id).with_for_update(key_share=True)
        return self.session.scalar(statement.execution_options(populate_existing=True))

    def read(self, user_id: str) -> User | None:
        """The person with this id, only to be looked at: no session keeps what is changed of it."""
        return _READ.first(self.transaction, wanted=user_id)

    def get(self, user_id: str) -> User:
        """The person with this id. Raises NotFound."""
        user = self.find(user_id)
        if user is None:
            raise NotFound("there is no such user")
        return user

    def find_by_email(self, email_key: str) -> User | None:
        """The person with this normalised address."""
        return self.session.scalar(select(User).where(User.email_key == email_key))

    def find_by_username(self, username_key: str) -> User | None:
        """The person with this normalised user name."""
        return self.session.scalar(select(User).where(User.username_key == username_key))

    def find_by_login(self, key: str) -> User | None:
        """The person whose normalised e-mail or user name is `key`; an e-mail wins."""
        rows = self.session.scalars(select(User).where(or_(User.email_key == key, User.username_key == key))).all()
        return next((user for user in rows if user.email_key == key), rows[0] if rows else None)

    def find_by_provider(self, provider: str, provider_id: str) -> User | None:
        """The person linked to an upstream account."""
        link = OAuthAccount
        statement = select(User).join(link, link.user_id == User.id)
        return self.session.scalar(statement.where(link.provider == provider, link.provider_id == provider_id))

    def page(self, limit: int, after: str | None = None, search: str | None = None) -> list[User]:
        """Up to `limit` people in order of id, from behind the id `after`."""
        statement = select(User).order_by(User.id).limit(limit)
        if after:
            statement = statement.where(User.id > after)
        if search:
            wanted = f"%{search.lower().replace('%', '')}%"
            statement = statement.where(or_(User.email_key.like(wanted), User.username_key.like(wanted)))
        return list(self.session.scalars(statement))

    def note_login(self, user_id: str, moment: datetime) -> None:
        """Note the last successful login and clear the count of failures."""
        values = {"last_login_at": moment, "failed_attempts": 0, "locked_until": None}
        self.session.execute(
            update(User).where(User.id == user_id).values(values), execution_options={"synchronize_session": False}
        )
