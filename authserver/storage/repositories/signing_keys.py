"""Queries over signing keys."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, update
from sqlalchemy.dialects import postgresql, sqlite

from authserver.storage.models.signing_keys import SigningKey
from authserver.storage.repositories.rows import Repository


class SigningKeys(Repository):
    """Signing keys, by kid and by state."""

    def add(self, key: SigningKey) -> SigningKey:
        """Store a new key. A second active key for one algorithm violates a unique index."""
        self.session.add(key)
        self.session.flush()
        return key

    def add_first(self, key: SigningKey) -> bool:
        """Store a new active key unless its algorithm has one, or the key is here; whether it was stored.

        Several processes may try at once: the unique indexes let one succeed and the others see False.
        """
        insert = postgresql.insert if self.transaction.is_postgresql else sqlite.insert
        values = {
            "kid": key.kid,
            "algorithm": key.algorithm,
            "state": "active",
            "public_jwk": key.public_jwk,
            "sealed_private": key.sealed_private,
            "created_at": key.created_at,
            "activated_at": key.activated_at,
        }
        # The row count of such an INSERT is unknown to psycopg; what it returns is not.
        statement = insert(SigningKey).values(**values).on_conflict_do_nothing().returning(SigningKey.kid)
        return self.session.execute(statement).scalar() is not None

    def schedule(self, kid: str, at: datetime) -> bool:
        """Let a published key take over at a moment, unless it is no longer `next`."""
        statement = update(SigningKey).where(SigningKey.kid == kid, SigningKey.state == "next")
        return self._changed(statement.values(activated_at=at)) == 1

    def activate(self, kid: str, at: datetime) -> bool:
        """Let a published key sign from now on, unless it is no longer `next`. Retire the active one before."""
        statement = update(SigningKey).where(SigningKey.kid == kid, SigningKey.state == "next")
        return self._changed(statement.values(state="active", activated_at=at)) == 1

    def retire(self, kid: str, at: datetime, expires_at: datetime, *, keeps_private: bool = False) -> bool:
        """Let the active key sign no more and forget its private half, unless it is no longer active.

        With `keeps_private` the private half stays until the key is removed, as what others encrypted to it needs.
        """
        statement = update(SigningKey).where(SigningKey.kid == kid, SigningKey.state == "active")
        values: dict[str, Any] = {"state": "retired", "retired_at": at, "expires_at": expires_at}
        if not keeps_private:
            values["sealed_private"] = None
        return self._changed(statement.values(**values)) == 1

    def remove(self, kid: str, at: datetime) -> bool:
        """Publish a key no more and forget its private half, unless it signs."""
        statement = update(SigningKey).where(SigningKey.kid == kid, SigningKey.state.in_(("next", "retired")))
        return self._changed(statement.values(state="removed", expires_at=at, sealed_private=None)) == 1

    def replace_seal(self, kid: str, sealed: bytes) -> int:
        """Store the private half of a key under another sealing key; 0 where the key has none any more."""
        statement = update(SigningKey).where(SigningKey.kid == kid, SigningKey.sealed_private.is_not(None))
        return self._changed(statement.values(sealed_private=sealed))

    def find(self, kid: str) -> SigningKey | None:
        """The key with this kid."""
        return self.session.get(SigningKey, kid, populate_existing=True)

    def all(self) -> list[SigningKey]:
        """Every key, oldest first."""
        return self._read(select(SigningKey))

    def in_state(self, state: str, algorithm: str | None = None) -> list[SigningKey]:
        """The keys in one state, oldest first."""
        statement = select(SigningKey).where(SigningKey.state == state)
        return self._read(statement.where(SigningKey.algorithm == algorithm) if algorithm else statement)

    def _read(self, statement: Select[SigningKey]) -> list[SigningKey]:
        # Moves are plain UPDATEs, of which rows that the session already holds would not hear.
        ordered = statement.order_by(SigningKey.created_at, SigningKey.kid).execution_options(populate_existing=True)
        return list(self.session.scalars(ordered))
