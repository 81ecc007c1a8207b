"""Queries over signing keys."""

from __future__ import annotations

from sqlalchemy import select

from authserver.storage.models.signing_keys import SigningKey
from authserver.storage.repositories.rows import Repository


class SigningKeys(Repository):
    """Signing keys, by kid and by state."""

    def add(self, key: SigningKey) -> SigningKey:
        """Store a new key. A second active key for one algorithm violates a unique index."""
        self.session.add(key)
        self.session.flush()
        return key

    def find(self, kid: str) -> SigningKey | None:
        """The key with this kid."""
        return self.session.get(SigningKey, kid)

    def all(self) -> list[SigningKey]:
        """Every key, oldest first."""
        return list(self.session.scalars(select(SigningKey).order_by(SigningKey.created_at, SigningKey.kid)))

    def in_state(self, state: str, algorithm: str | None = None) -> list[SigningKey]:
        """The keys in one state, oldest first."""
        statement = select(SigningKey).where(SigningKey.state == state).order_by(SigningKey.created_at)
        return list(
            self.session.scalars(statement.where(SigningKey.algorithm == algorithm) if algorithm else statement)
        )
