"""Queries over authorization codes."""

from __future__ import annotations

from sqlalchemy import select, update

from authserver.protocol import validity
from authserver.storage.compiled import CompiledInsert
from authserver.storage.models.grants import AuthorizationCode
from authserver.storage.repositories.rows import Repository

_INSERT = CompiledInsert(AuthorizationCode)


class AuthorizationCodes(Repository):
    """Authorization codes, by digest."""

    def add(self, code: AuthorizationCode) -> None:
        """Store a new code."""
        self._store(_INSERT, code)

    def find(self, digest: bytes) -> AuthorizationCode | None:
        """The code with this digest, used or not."""
        return self.session.scalar(select(AuthorizationCode).where(AuthorizationCode.digest == digest))

    def consume(self, digest: bytes) -> bool:
        """Use up a code; tells whether this call was the one."""
        statement = update(AuthorizationCode).where(
            AuthorizationCode.digest == digest, AuthorizationCode.consumed_at.is_(None)
        )
        return self._changed(statement.values(consumed_at=validity.now())) == 1
