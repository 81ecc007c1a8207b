"""Queries over events on their way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, and_, delete, func, insert, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from authserver.storage.models.outbox import OutboxDelivery, OutboxEvent
from authserver.storage.repositories.rows import Repository

_ADD: Final = {
    "sqlite": "INSERT INTO outbox_events (event_id, record, sealed) VALUES (?, ?, ?)",
    "postgresql": "INSERT INTO outbox_events (event_id, record, sealed) VALUES (%s, %s, %s)",
}


class OutboxRow(NamedTuple):
    """An event as it is stored."""

    event_id: str
    record: str
    sealed: bytes | None


class Claim(NamedTuple):
    """A delivery that this holder may attempt until its lease ends."""

    event_id: str
    subscriber: str
    record: str
    sealed: bytes | None
    attempts: int
    holder: str


class Outbox(Repository):
    """Events that wait for the audit log, and deliveries that wait for their subscribers."""

    def add(self, event_id: str, record: str, sealed: bytes | None) -> None:
        """Store an event with the change it tells.

        Straight to the driver, in the transaction of the unit: this runs in every writing request,
        and the layers between would cost twice as much as the database does.
        """
        self.transaction.execute_later(_ADD[self.transaction.dialect.name], (event_id, record, sealed))

    def add_missing(self, rows: Sequence[OutboxRow]) -> None:
        """Store events of the spool, passing over those that are already here."""
        on = postgresql.insert if self.transaction.is_postgresql else sqlite.insert
        statement = on(OutboxEvent).on_conflict_do_nothing(index_elements=["event_id"])
        self.session.connection().execute(statement, [row._asdict() for row in rows])

    def first(self, limit: int) -> list[OutboxRow]:
        """The oldest events. Claimed by the audit lease, never by a position: commits come out of order."""
        columns = (OutboxEvent.event_id, OutboxEvent.record, OutboxEvent.sealed)
        rows = self.session.execute(select(*columns).order_by(OutboxEvent.event_id).limit(limit))
        return [OutboxRow(*row) for row in rows]

    def remove(self, event_ids: Sequence[str]) -> int:
        """Forget events that were taken in."""
        return self._changed(delete(OutboxEvent).where(OutboxEvent.event_id.in_(event_ids)))

    def count(self) -> int:
        """How many events wait for the audit log."""
        return self.session.scalar(select(func.count()).select_from(OutboxEvent)) or 0

    def add_deliveries(self, subscriber: str, rows: Iterable[OutboxRow], due_at: datetime) -> None:
        """Queue events for a subscriber."""
        values = [{**row._asdict(), "subscriber": subscriber, "due_at": due_at} for row in rows]
        if values:
            self.session.connection().execute(insert(OutboxDelivery), values)

    def has_due(self, subscriber: str, now: datetime) -> bool:
        """Whether a claim would find something; asked without a transaction that writes."""
        table = OutboxDelivery
        due = select(table.event_id).where(
            table.subscriber == subscriber, table.failed_at.is_(None), table.due_at <= now
        )
        return self.session.scalar(due.limit(1)) is not None

    def claim_deliveries(
        self, subscriber: str, *, holder: str, now: datetime, until: datetime, limit: int
    ) -> list[Claim]:
        """Take deliveries that are due; nobody else gets them before `until`."""
        table = OutboxDelivery
        due = (
            select(table.event_id, table.subscriber)
            .where(table.subscriber == subscriber, table.failed_at.is_(None), table.due_at <= now)
            .order_by(table.due_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        statement = (
            update(table)
            .where(tuple_(table.event_id, table.subscriber).in_(due))
            .values(holder=holder, due_at=until, attempts=table.attempts + 1)
            .returning(table.event_id, table.subscriber, table.record, table.sealed, table.attempts, table.holder)
        )
        rows: Iterable[Any] = self.session.execute(statement, execution_options={"synchronize_session": False})
        return sorted(Claim(*row) for row in rows)

    def complete_delivery(self, claim: Claim) -> bool:
        """Forget a delivery that succeeded, if it is still this holder's."""
        return self._changed(delete(OutboxDelivery).where(*_still_held(claim))) == 1

    def postpone_delivery(self, claim: Claim, due_at: datetime, error: str) -> bool:
        """Give a delivery back, to be tried again at `due_at`."""
        values = {"due_at": due_at, "holder": None, "last_error": error[:500]}
        return self._changed(update(OutboxDelivery).where(*_still_held(claim)).values(**values)) == 1

    def return_delivery(self, claim: Claim, due_at: datetime) -> bool:
        """Give a delivery back that was not attempted."""
        values = {"due_at": due_at, "holder": None, "attempts": claim.attempts - 1}
        return self._changed(update(OutboxDelivery).where(*_still_held(claim)).values(**values)) == 1

    def fail_delivery(self, claim: Claim, failed_at: datetime, error: str) -> bool:
        """Give a delivery up; it is kept for the operator to see."""
        values = {"failed_at": failed_at, "holder": None, "last_error": error[:500]}
        return self._changed(update(OutboxDelivery).where(*_still_held(claim)).values(**values)) == 1

    def remove_failed(self, before: datetime, limit: int) -> int:
        """Forget some deliveries that were given up before a moment."""
        return self._remove_some(OutboxDelivery.failed_at < before, limit)

    def remove_forsaken(self, before: datetime, limit: int) -> int:
        """Forget some deliveries that were due before a moment and that nobody has attempted since."""
        table = OutboxDelivery
        return self._remove_some(and_(table.failed_at.is_(None), table.due_at < before), limit)

    def count_postponed(self, subscriber: str) -> int:
        """How many deliveries to a subscriber failed so far and wait for another attempt."""
        table = OutboxDelivery
        waits = (table.subscriber == subscriber, table.failed_at.is_(None), table.last_error != "")
        return self.session.scalar(select(func.count()).select_from(table).where(*waits)) or 0

    def count_deliveries(self) -> int:
        """How many deliveries wait, failed ones not counted."""
        statement = select(func.count()).select_from(OutboxDelivery).where(OutboxDelivery.failed_at.is_(None))
        return self.session.scalar(statement) or 0

    def _remove_some(self, is_over: ColumnElement[bool], limit: int) -> int:
        table = OutboxDelivery
        some = select(table.event_id, table.subscriber).where(is_over).limit(limit)
        return self._changed(delete(table).where(tuple_(table.event_id, table.subscriber).in_(some)))


def _still_held(claim: Claim) -> tuple[Any, ...]:
    # A holder whose lease ended may find the row in other hands; the attempt number tells them apart.
    return (
        OutboxDelivery.event_id == claim.event_id,
        OutboxDelivery.subscriber == claim.subscriber,
        OutboxDelivery.holder == claim.holder,
        OutboxDelivery.attempts == claim.attempts,
    )
