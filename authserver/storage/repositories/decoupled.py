"""Queries over requests that a person answers elsewhere. Every change is one conditional UPDATE."""

from __future__ import annotations

from datetime import datetime
from typing import Generic, TypeVar

from sqlalchemy import ColumnElement, bindparam, func, select, update

from authserver.protocol import validity
from authserver.storage.compiled import Compiled, CompiledInsert
from authserver.storage.models.decoupled import BackchannelRequest, DeviceRequest
from authserver.storage.repositories.backing import Backed, BackedFind
from authserver.storage.repositories.rows import Repository

Waiting = TypeVar("Waiting", DeviceRequest, BackchannelRequest)


class _Statements(Generic[Waiting]):
    """What is asked of either table for every token, compiled once."""

    def __init__(self, model: type[Waiting]) -> None:
        self.model: type[Waiting] = model
        self.insert: CompiledInsert[Waiting] = CompiledInsert(model)
        self.presented: BackedFind[Waiting] = BackedFind(model, model.digest == bindparam("wanted"))
        self.consume = Compiled(
            update(model)
            .where(model.digest == bindparam("wanted"), model.consumed_at.is_(None))
            .values(consumed_at=bindparam("moment", type_=model.consumed_at.type))
        )


class DecoupledRequests(Repository, Generic[Waiting]):
    """Requests of one kind, by the digest of what the client polls with."""

    statements: _Statements[Waiting]

    def add(self, request: Waiting) -> None:
        """Store a new request."""
        self.statements.insert.run(self.transaction, request)

    def find(self, request_id: str) -> Waiting | None:
        """The request with this id, whatever became of it."""
        return self.session.get(self.statements.model, request_id)

    def presented(self, digest: bytes) -> Backed[Waiting] | None:
        """The request that a client polls for, whatever became of it, and what stands behind it."""
        return self.statements.presented.first(self.transaction, wanted=digest)

    def decide(self, request_id: str, grant_id: str | None) -> bool:
        """Allow with a grant, or deny without one; tells whether this call was the one that decided."""
        model = self.statements.model
        statement = update(model).where(
            model.id == request_id, model.decided_at.is_(None), model.expires_at > validity.now()
        )
        return self._changed(statement.values(decided_at=validity.now(), grant_id=grant_id)) == 1

    def poll(self, request_id: str, next_poll_at: datetime) -> bool:
        """Note a poll; tells whether it was in time. Of many at once one is."""
        model = self.statements.model
        statement = update(model).where(model.id == request_id, model.next_poll_at <= validity.now())
        return self._changed(statement.values(next_poll_at=next_poll_at)) == 1

    def slow_down(self, request_id: str, seconds: int, next_poll_at: datetime) -> None:
        """Lengthen the interval of a client that polls too often."""
        model = self.statements.model
        statement = update(model).where(model.id == request_id)
        self._changed(statement.values(interval=model.interval + seconds, next_poll_at=next_poll_at))

    def consume(self, digest: bytes) -> bool:
        """Use up a request; tells whether this call was the one."""
        return self.statements.consume.run(self.transaction, wanted=digest, moment=validity.now()) == 1


class DeviceRequests(DecoupledRequests[DeviceRequest]):
    """Requests of devices."""

    statements = _Statements(DeviceRequest)

    def find_by_user_code(self, tag: str) -> DeviceRequest | None:
        """The request whose user code has this tag, whatever became of it."""
        return self.session.scalar(select(DeviceRequest).where(DeviceRequest.user_code == tag))


class BackchannelRequests(DecoupledRequests[BackchannelRequest]):
    """Requests for a person who is elsewhere."""

    statements = _Statements(BackchannelRequest)

    def waiting_of(self, user_id: str, limit: int) -> list[BackchannelRequest]:
        """The requests that wait for a person, oldest first."""
        statement = select(BackchannelRequest).where(*_waits_for(user_id))
        return list(self.session.scalars(statement.order_by(BackchannelRequest.created_at).limit(limit)))

    def count_waiting(self, user_id: str, client_id: str | None = None) -> int:
        """How many requests wait for a person, of one client or of all."""
        statement = select(func.count()).select_from(BackchannelRequest).where(*_waits_for(user_id))
        if client_id is not None:
            statement = statement.where(BackchannelRequest.client_id == client_id)
        return self.session.scalar(statement) or 0

    def find_by_digest(self, digest: bytes) -> BackchannelRequest | None:
        """The request that a client polls for with this handle, whatever became of it."""
        return self.session.scalar(select(BackchannelRequest).where(BackchannelRequest.digest == digest))

    def ring(self, request_id: str) -> None:
        """Have the client told, if it wants to be, that there is something to fetch."""
        statement = update(BackchannelRequest).where(
            BackchannelRequest.id == request_id, BackchannelRequest.notification_sealed.is_not(None)
        )
        self._changed(statement.values(notify_at=validity.now()))

    def has_due(self) -> bool:
        """Whether a client is to be told now; asked without a transaction that writes."""
        due = select(BackchannelRequest.id).where(BackchannelRequest.notify_at <= validity.now())
        return self.session.scalar(due.limit(1)) is not None

    def claim(self, until: datetime, limit: int) -> list[BackchannelRequest]:
        """Take requests whose clients are to be told now; nobody else gets them before `until`."""
        due = (
            select(BackchannelRequest)
            .where(BackchannelRequest.notify_at <= validity.now())
            .order_by(BackchannelRequest.notify_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        claimed = list(self.session.scalars(due))
        for request in claimed:
            request.notify_at, request.notify_attempts = until, request.notify_attempts + 1
        return claimed

    def told(self, request_id: str, attempts: int, again_at: datetime | None) -> None:
        """The attempt of this number is over: `again_at` is when there is another one, None when there is none."""
        statement = update(BackchannelRequest).where(
            BackchannelRequest.id == request_id, BackchannelRequest.notify_attempts == attempts
        )
        self._changed(statement.values(notify_at=again_at))


def _waits_for(user_id: str) -> tuple[ColumnElement[bool], ...]:
    """What is true of a request that somebody may still answer."""
    return (
        BackchannelRequest.user_id == user_id,
        BackchannelRequest.decided_at.is_(None),
        BackchannelRequest.expires_at > validity.now(),
    )
