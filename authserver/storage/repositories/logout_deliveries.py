"""Queries over clients that are still to be told of a session's end."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import delete, func, insert, select, update

from authserver.protocol import validity
from authserver.protocol.identifiers import new_id
from authserver.storage.models.clients import ClientRecord
from authserver.storage.models.grants import Grant
from authserver.storage.models.logout import LogoutDelivery
from authserver.storage.repositories.rows import Repository

RECEIVER: Final = "backchannel_logout_uri"


class LogoutClaim(NamedTuple):
    """A delivery that this holder may attempt until its lease ends."""

    id: str
    session_id: str
    user_id: str
    client_id: str
    attempts: int
    holder: str


class LogoutDeliveries(Repository):
    """Who is to be told, by session; who is due, by time."""

    def queue(self, session_id: str, user_id: str) -> int:
        """Note every client that has to be told of this session, in the transaction that ends it; tells how many.

        A revoked grant counts too: the client may have given its tokens back
        and still keep the person signed in.
        """
        receivers = select(ClientRecord.id).where(
            ClientRecord.id.in_(select(Grant.client_id).where(Grant.session_id == session_id)),
            ClientRecord.enabled.is_(True),
            ClientRecord.metadata_extra[RECEIVER].as_string().is_not(None),
        )
        moment = validity.now()
        common = {"session_id": session_id, "user_id": user_id, "created_at": moment, "due_at": moment}
        rows = [{"id": new_id(), "client_id": client, **common} for client in self.session.scalars(receivers)]
        if rows:
            self.session.connection().execute(insert(LogoutDelivery), rows)
        return len(rows)

    def has_due(self, now: datetime) -> bool:
        """Whether a claim would find something; asked without a transaction that writes."""
        due = select(LogoutDelivery.id).where(LogoutDelivery.failed_at.is_(None), LogoutDelivery.due_at <= now)
        return self.session.scalar(due.limit(1)) is not None

    def claim(self, *, holder: str, now: datetime, until: datetime, limit: int) -> list[LogoutClaim]:
        """Take deliveries that are due; nobody else gets them before `until`."""
        table = LogoutDelivery
        due = (
            select(table.id)
            .where(table.failed_at.is_(None), table.due_at <= now)
            .order_by(table.due_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        statement = (
            update(table)
            .where(table.id.in_(due))
            .values(holder=holder, due_at=until, attempts=table.attempts + 1)
            .returning(table.id, table.session_id, table.user_id, table.client_id, table.attempts, table.holder)
        )
        rows: Iterable[Any] = self.session.execute(statement, execution_options={"synchronize_session": False})
        return sorted(LogoutClaim(*row) for row in rows)

    def complete(self, claim: LogoutClaim) -> bool:
        """Forget a delivery that is over, if it is still this holder's."""
        return self._changed(delete(LogoutDelivery).where(*_still_held(claim))) == 1

    def postpone(self, claim: LogoutClaim, due_at: datetime, error: str) -> bool:
        """Give a delivery back, to be tried again at `due_at`."""
        values = {"due_at": due_at, "holder": None, "last_error": error[:500]}
        return self._changed(update(LogoutDelivery).where(*_still_held(claim)).values(**values)) == 1

    def fail(self, claim: LogoutClaim, failed_at: datetime, error: str) -> bool:
        """Give a delivery up; it is kept a while for the operator to see."""
        values = {"failed_at": failed_at, "holder": None, "last_error": error[:500]}
        return self._changed(update(LogoutDelivery).where(*_still_held(claim)).values(**values)) == 1

    def count(self) -> int:
        """How many wait, failed ones not counted."""
        statement = select(func.count()).select_from(LogoutDelivery).where(LogoutDelivery.failed_at.is_(None))
        return self.session.scalar(statement) or 0


def _still_held(claim: LogoutClaim) -> tuple[Any, ...]:
    # A holder whose lease ended may find the row in other hands; the attempt number tells them apart.
    table = LogoutDelivery
    return table.id == claim.id, table.holder == claim.holder, table.attempts == claim.attempts
