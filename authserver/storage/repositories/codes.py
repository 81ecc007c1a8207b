"""Queries over authorization codes."""

from __future__ import annotations

from sqlalchemy import bindparam, update

from authserver.protocol import validity
from authserver.storage.compiled import Compiled, CompiledInsert
from authserver.storage.models.grants import AuthorizationCode
from authserver.storage.repositories.backing import Backed, BackedFind
from authserver.storage.repositories.rows import Repository

_INSERT = CompiledInsert(AuthorizationCode)
_PRESENTED = BackedFind(AuthorizationCode, AuthorizationCode.digest == bindparam("wanted"))
_CONSUME = Compiled(
    update(AuthorizationCode)
    .where(AuthorizationCode.digest == bindparam("wanted"), AuthorizationCode.consumed_at.is_(None))
    .values(consumed_at=bindparam("moment", type_=AuthorizationCode.consumed_at.type))
)


class AuthorizationCodes(Repository):
    """Authorization codes, by digest."""

    def add(self, code: AuthorizationCode) -> None:
        """Store a new code."""
        _INSERT.run(self.transaction, code)

    def presented(self, digest: bytes) -> Backed[AuthorizationCode] | None:
        """The code with this digest, used or not, and what stands behind it."""
        return _PRESENTED.first(self.transaction, wanted=digest)

    def consume(self, digest: bytes) -> bool:
        """Use up a code; tells whether this call was the one."""
        return _CONSUME.run(self.transaction, wanted=digest, moment=validity.now()) == 1
