"""Queries over opaque access tokens and over revoked self-contained ones."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from authserver.protocol import validity
from authserver.storage.compiled import CompiledFind, CompiledInsert
from authserver.storage.models.grants import AccessToken, RevokedToken
from authserver.storage.repositories.rows import Repository

_INSERT = CompiledInsert(AccessToken)
_BY_DIGEST = CompiledFind(AccessToken, AccessToken.digest == bindparam("wanted"))


class AccessTokens(Repository):
    """Opaque access tokens, by digest."""

    def add(self, token: AccessToken) -> None:
        """Store a new opaque access token."""
        _INSERT.run(self.transaction, token)

    def find(self, digest: bytes) -> AccessToken | None:
        """The opaque access token with this digest."""
        return _BY_DIGEST.first(self.transaction, wanted=digest)

    def revoke(self, digest: bytes) -> bool:
        """Revoke one token; tells whether this call was the one that did."""
        statement = update(AccessToken).where(AccessToken.digest == digest, AccessToken.revoked_at.is_(None))
        return self._changed(statement.values(revoked_at=validity.now())) == 1


class RevokedTokens(Repository):
    """Self-contained access tokens that were revoked on their own."""

    def add(self, jti: str, expires_at: datetime) -> bool:
        """Revoke a token by its jti until it would have expired; tells whether it was not revoked before."""
        insert = postgresql.insert if self.transaction.is_postgresql else sqlite.insert
        statement = insert(RevokedToken).values(jti=jti, expires_at=expires_at, revoked_at=validity.now())
        added = statement.on_conflict_do_nothing(index_elements=["jti"]).returning(RevokedToken.jti)
        return self.session.scalar(added) is not None

    def contains(self, jti: str) -> bool:
        """Whether this jti was revoked."""
        return self.session.scalar(select(RevokedToken.jti).where(RevokedToken.jti == jti)) is not None
