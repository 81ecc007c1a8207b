"""Queries over refresh tokens."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update

from authserver.protocol import validity
from authserver.storage.compiled import CompiledInsert
from authserver.storage.models.grants import RefreshToken
from authserver.storage.repositories.rows import Repository

_INSERT = CompiledInsert(RefreshToken)


class RefreshTokens(Repository):
    """Refresh tokens, by digest and by family."""

    def add(self, token: RefreshToken) -> RefreshToken:
        """Store a new refresh token."""
        self._store(_INSERT, token)
        return token

    def find(self, digest: bytes) -> RefreshToken | None:
        """The refresh token with this digest, whatever became of it."""
        return self.session.scalar(select(RefreshToken).where(RefreshToken.digest == digest))

    def find_by_id(self, token_id: str) -> RefreshToken | None:
        """The refresh token with this id."""
        return self.session.get(RefreshToken, token_id)

    def reread(self, token_id: str) -> RefreshToken | None:
        """The refresh token as it stands now, whatever this unit read of it before."""
        return self.session.get(RefreshToken, token_id, populate_existing=True)

    def rotate(self, token_id: str, *, replaced_by: str, sealed: bytes | None, grace_until: datetime | None) -> bool:
        """Use up a refresh token in favour of its successor; tells whether this call was the one."""
        statement = update(RefreshToken).where(
            RefreshToken.id == token_id, RefreshToken.consumed_at.is_(None), RefreshToken.revoked_at.is_(None)
        )
        values = {
            "consumed_at": validity.now(),
            "replaced_by": replaced_by,
            "successor_sealed": sealed,
            "grace_until": grace_until,
        }
        return self._changed(statement.values(values)) == 1

    def extend(self, token_id: str, expires_at: datetime) -> bool:
        """Move the end of disuse of a token that is not rotated."""
        statement = update(RefreshToken).where(
            RefreshToken.id == token_id, RefreshToken.consumed_at.is_(None), RefreshToken.revoked_at.is_(None)
        )
        return self._changed(statement.values(expires_at=expires_at)) == 1

    def erase_sealed_before(self, successor: RefreshToken) -> None:
        """Erase the sealed copy of a successor that has been used."""
        statement = update(RefreshToken).where(
            # The family has an index and few rows; `replaced_by` has none.
            RefreshToken.family_id == successor.family_id,
            RefreshToken.replaced_by == successor.id,
        )
        self._changed(statement.values(successor_sealed=None, grace_until=None))

    def revoke_family(self, family_id: str) -> int:
        """Revoke every token of a family and erase what it kept sealed."""
        statement = update(RefreshToken).where(RefreshToken.family_id == family_id, RefreshToken.revoked_at.is_(None))
        return self._changed(statement.values(revoked_at=validity.now(), successor_sealed=None))

    def of_family(self, family_id: str) -> list[RefreshToken]:
        """Every token of a family, oldest first."""
        statement = select(RefreshToken).where(RefreshToken.family_id == family_id)
        return list(self.session.scalars(statement.order_by(RefreshToken.issued_at, RefreshToken.id)))
