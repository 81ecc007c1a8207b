"""Queries over pushed authorization requests."""

from __future__ import annotations

from sqlalchemy import bindparam, update

from authserver.protocol import validity
from authserver.storage.compiled import Compiled, CompiledFind, CompiledInsert
from authserver.storage.models.grants import PushedRequest
from authserver.storage.repositories.rows import Repository

_INSERT = CompiledInsert(PushedRequest)
_FIND = CompiledFind(PushedRequest, PushedRequest.digest == bindparam("wanted"))
_CONSUME = Compiled(
    update(PushedRequest)
    .where(PushedRequest.digest == bindparam("wanted"), PushedRequest.consumed_at.is_(None))
    .values(consumed_at=bindparam("moment", type_=PushedRequest.consumed_at.type))
)


class PushedRequests(Repository):
    """Pushed authorization requests, by digest."""

    def add(self, request: PushedRequest) -> None:
        """Store a new request."""
        _INSERT.run(self.transaction, request)

    def find(self, digest: bytes) -> PushedRequest | None:
        """The request with this digest, answered or not."""
        return _FIND.first(self.transaction, wanted=digest)

    def consume(self, digest: bytes) -> bool:
        """Use up a request; tells whether this call was the one."""
        return _CONSUME.run(self.transaction, wanted=digest, moment=validity.now()) == 1
