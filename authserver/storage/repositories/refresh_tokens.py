"""Queries over refresh tokens."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, update

from authserver.protocol import validity
from authserver.storage.compiled import Compiled, CompiledFind, CompiledInsert
from authserver.storage.models.grants import RefreshToken
from authserver.storage.repositories.backing import Backed, BackedFind
from authserver.storage.repositories.rows import Repository

_INSERT = CompiledInsert(RefreshToken)
_PRESENTED = BackedFind(RefreshToken, RefreshToken.digest == bindparam("wanted"))
_BY_ID = CompiledFind(RefreshToken, RefreshToken.id == bindparam("wanted"))
_ROTATE = Compiled(
    update(RefreshToken)
    .where(
        RefreshToken.id == bindparam("wanted"), RefreshToken.consumed_at.is_(None), RefreshToken.revoked_at.is_(None)
    )
    .values(
        consumed_at=bindparam("moment", type_=RefreshToken.consumed_at.type),
        replaced_by=bindparam("successor"),
        successor_sealed=bindparam("sealed"),
        grace_until=bindparam("grace_until", type_=RefreshToken.grace_until.type),
    )
)
_ERASE = Compiled(
    update(RefreshToken)
    # The grant, which is the family's, has an index and few rows; `replaced_by` has none.
    .where(RefreshToken.grant_id == bindparam("family"), RefreshToken.replaced_by == bindparam("wanted"))
    .values(successor_sealed=None, grace_until=None)
)


class RefreshTokens(Repository):
    """Refresh tokens, by digest and by family. A family is the tokens of one grant."""

    def add(self, token: RefreshToken) -> RefreshToken:
        """Store a new refresh token; as it was stored."""
        return _INSERT.run(self.transaction, token)

    def presented(self, digest: bytes) -> Backed[RefreshToken] | None:
        """The refresh token with this digest, whatever became of it, and what stands behind it."""
        return _PRESENTED.first(self.transaction, wanted=digest)

    def find_by_id(self, token_id: str) -> RefreshToken | None:
        """The refresh token with this id."""
        return _BY_ID.first(self.transaction, wanted=token_id)

    def reread(self, token_id: str) -> RefreshToken | None:
        """The refresh token as it stands now, whatever this unit read of it before."""
        return _BY_ID.first(self.transaction, wanted=token_id)

    def rotate(self, token_id: str, *, replaced_by: str, sealed: bytes | None, grace_until: datetime | None) -> bool:
        """Use up a refresh token in favour of its successor; tells whether this call was the one."""
        values = {"moment": validity.now(), "successor": replaced_by, "sealed": sealed, "grace_until": grace_until}
        return _ROTATE.run(self.transaction, wanted=token_id, **values) == 1

    def extend(self, token_id: str, expires_at: datetime) -> bool:
        """Move the end of disuse of a token that is not rotated."""
        statement = update(RefreshToken).where(
            RefreshToken.id == token_id, RefreshToken.consumed_at.is_(None), RefreshToken.revoked_at.is_(None)
        )
        return self._changed(statement.values(expires_at=expires_at)) == 1

    def erase_sealed_before(self, successor: RefreshToken) -> None:
        """Erase the sealed copy of a successor that has been used."""
        _ERASE.later(self.transaction, family=successor.family_id, wanted=successor.id)

    def revoke_family(self, family_id: str) -> int:
        """Revoke every token of a family and erase what it kept sealed."""
        statement = update(RefreshToken).where(RefreshToken.grant_id == family_id, RefreshToken.revoked_at.is_(None))
        return self._changed(statement.values(revoked_at=validity.now(), successor_sealed=None))
