"""Queries over the audit log and the lease of its writer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from authserver.protocol import validity
from authserver.storage.models.audit import FIRST_HASH, AuditEntry, AuditLease
from authserver.storage.repositories.rows import Repository

LEASE = "audit"


class Head(NamedTuple):
    """The end of the chain."""

    sequence: int
    hash: bytes


class Audit(Repository):
    """The audit log. Whoever appends holds the lease in the same transaction."""

    def acquire_lease(self, holder: str, until: datetime) -> int | None:
        """Take the lease if it is free or was this holder's; its fencing number, or None."""
        now = validity.now()
        self._ensure_lease(now)
        statement = (
            update(AuditLease)
            .where(AuditLease.name == LEASE, (AuditLease.holder == holder) | (AuditLease.expires_at <= now))
            .values(holder=holder, fencing=AuditLease.fencing + 1, expires_at=until)
            .returning(AuditLease.fencing)
        )
        return self.session.execute(statement, execution_options={"synchronize_session": False}).scalar_one_or_none()

    def hold_lease(self, holder: str, fencing: int, until: datetime) -> Head | None:
        """Renew the lease and lock it until the transaction ends; the end of the chain, or None when it was lost."""
        statement = (
            update(AuditLease)
            .where(AuditLease.name == LEASE, AuditLease.holder == holder, AuditLease.fencing == fencing)
            .values(expires_at=until)
            .returning(AuditLease.sequence, AuditLease.hash)
        )
        row = self.session.execute(statement, execution_options={"synchronize_session": False}).one_or_none()
        return None if row is None else Head(*row)

    def advance(self, fencing: int, head: Head) -> bool:
        """Move the end of the chain to what was just appended."""
        statement = update(AuditLease).where(AuditLease.name == LEASE, AuditLease.fencing == fencing)
        return self._changed(statement.values(sequence=head.sequence, hash=head.hash)) == 1

    def release_lease(self, holder: str, fencing: int) -> bool:
        """Let the next writer in at once."""
        statement = update(AuditLease).where(
            AuditLease.name == LEASE, AuditLease.holder == holder, AuditLease.fencing == fencing
        )
        return self._changed(statement.values(expires_at=validity.now())) == 1

    def head(self) -> Head:
        """The end of the chain as the lease knows it."""
        statement = select(AuditLease.sequence, AuditLease.hash).where(AuditLease.name == LEASE)
        row = self.session.execute(statement).one_or_none()
        return Head(0, FIRST_HASH) if row is None else Head(*row)

    def known(self, event_ids: Sequence[str]) -> frozenset[str]:
        """Which of these events are in the log already."""
        return frozenset(self.session.scalars(select(AuditEntry.event_id).where(AuditEntry.event_id.in_(event_ids))))

    def append(self, rows: Sequence[dict[str, Any]]) -> None:
        """Add entries to the end of the log."""
        self.session.connection().execute(insert(AuditEntry), rows)

    def after(self, sequence: int, limit: int) -> list[AuditEntry]:
        """Entries in order, from the one after `sequence` on."""
        statement = select(AuditEntry).where(AuditEntry.sequence > sequence).order_by(AuditEntry.sequence)
        return list(self.session.scalars(statement.limit(limit)))

    def walk(self, batch: int = 1000) -> Iterator[AuditEntry]:
        """Every entry in order, a batch in memory at a time."""
        sequence = -1
        while entries := self.after(sequence, batch):
            yield from entries
            sequence = entries[-1].sequence
            self.session.expunge_all()

    def _ensure_lease(self, now: datetime) -> None:
        on = postgresql.insert if self.transaction.is_postgresql else sqlite.insert
        free = {"name": LEASE, "holder": "", "fencing": 0, "expires_at": now, "sequence": 0, "hash": FIRST_HASH}
        self.session.connection().execute(on(AuditLease).on_conflict_do_nothing(index_elements=["name"]), free)
