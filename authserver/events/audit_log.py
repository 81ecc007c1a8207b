"""The one writer of the audit log.

Whoever holds the lease moves events from the outbox to the end of the chain,
and, in the same transaction, queues them for the other subscribers and removes
them from the outbox. A transaction that dies leaves everything as it was; one
that commits has done all of it: no event is lost and none is doubled.

The lease is fenced. Appending begins with a conditional UPDATE of the lease row
that names holder and fencing number, so a writer that slept through the end of
its lease finds the number changed and appends nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from authserver.crypto.sealing import Sealer
from authserver.events.chain import SealedParts, entry_row
from authserver.events.envelope import Envelope, moment_of, opened_parts
from authserver.events.persons import PersonKeys, holder_of, seal_part
from authserver.protocol import validity
from authserver.protocol.identifiers import new_id
from authserver.storage import Database, Unit
from authserver.storage.repositories.audit import Head
from authserver.storage.repositories.outbox import OutboxRow

LEASE_SECONDS: Final = 10.0
"""How long a dead writer is waited for. Every batch renews the lease."""

BATCH: Final = 200
"""Events of one transaction: large enough to share the flush to disk, small enough not to hold up logins."""


class LeaseLost(Exception):
    """Another writer has the lease; nothing was appended."""


class AuditWriter:
    """Appends to the audit log while it holds the lease. One instance per worker, used by one thread.

    Args:
        routes: for each other subscriber the event types it wants; None stands for all.
    """

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        *,
        routes: Mapping[str, frozenset[str] | None] | None = None,
        holder: str | None = None,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self._database = database
        self._sealer = sealer
        self._persons = PersonKeys(sealer)
        self._routes = routes or {}
        self._holder = holder or new_id()
        self._lease_seconds = lease_seconds
        self._fencing: int | None = None

    def acquire(self) -> bool:
        """Takes the lease if nobody else has it; tells whether this writer holds it now."""
        with self._database.unit() as unit:
            fencing = unit.audit.acquire_lease(self._holder, validity.after(self._lease_seconds))
        self._fencing = fencing
        return fencing is not None

    def append_batch(self, limit: int = BATCH) -> int:
        """Moves up to `limit` events into the log and tells how many left the outbox.

        Raises:
            LeaseLost: this writer holds no lease, or another one took it over.
        """
        with self._database.reading() as unit:
            waiting = [Envelope(*row) for row in unit.outbox.first(limit)]
        if not waiting:
            return 0
        # Keys and seals are made before the transaction: on SQLite it keeps every other writer out.
        prepared = [(envelope, parts) for envelope, parts in zip(waiting, self._sealed(waiting), strict=True)]
        with self._database.unit() as unit:
            head, fencing = self._hold(unit)
            known = unit.audit.known([envelope.event_id for envelope in waiting])
            fresh = [(envelope, parts) for envelope, parts in prepared if envelope.event_id not in known]
            self._append(unit, fresh, head, fencing)
            unit.outbox.remove([envelope.event_id for envelope in waiting])
        return len(waiting)

    def step(self, limit: int = BATCH) -> int:
        """Appends a batch if there is one and the lease can be had; tells how many events left the outbox."""
        with self._database.reading() as unit:
            if not unit.outbox.first(1):
                return 0
        if self._fencing is None and not self.acquire():
            return 0
        try:
            return self.append_batch(limit)
        except LeaseLost:
            self._fencing = None
            return 0

    def release(self) -> None:
        """Gives the lease back, so that the next writer need not wait for its end."""
        if self._fencing is not None:
            with self._database.unit() as unit:
                unit.audit.release_lease(self._holder, self._fencing)
            self._fencing = None

    def _hold(self, unit: Unit) -> tuple[Head, int]:
        if self._fencing is None:
            raise LeaseLost
        head = unit.audit.hold_lease(self._holder, self._fencing, validity.after(self._lease_seconds))
        if head is None:
            raise LeaseLost
        return head, self._fencing

    def _append(self, unit: Unit, fresh: Sequence[tuple[Envelope, SealedParts]], head: Head, fencing: int) -> None:
        rows: list[dict[str, Any]] = []
        for envelope, parts in fresh:
            rows.append(entry_row(envelope, parts, head))
            head = Head(rows[-1]["sequence"], rows[-1]["hash"])
        if not rows:
            return
        unit.audit.append(rows)
        unit.audit.advance(fencing, head)
        self._route(unit, [envelope for envelope, _ in fresh], [row["type"] for row in rows])

    def _route(self, unit: Unit, envelopes: Sequence[Envelope], types: Sequence[str]) -> None:
        now = validity.now()
        for subscriber, wanted in self._routes.items():
            rows = (
                OutboxRow(envelope.event_id, envelope.record, envelope.sealed)
                for envelope, kind in zip(envelopes, types, strict=True)
                if wanted is None or kind in wanted
            )
            unit.outbox.add_deliveries(subscriber, rows, now)

    def _sealed(self, envelopes: Sequence[Envelope]) -> list[SealedParts]:
        """The personal parts of each event, moved from the installation's key to the keys of their holders."""
        opened = [opened_parts(envelope, self._sealer) for envelope in envelopes]
        holders = [_holders(envelope) for envelope in envelopes]
        needed = {
            holder
            for (origin, personal), (actor, person) in zip(opened, holders, strict=True)
            for values, holder in ((origin, actor), (personal, person))
            if values
        }
        sealers = self._persons.sealers(self._database, needed) if needed else {}
        return [
            _parts(envelope.event_id, values, pair, sealers)
            for envelope, values, pair in zip(envelopes, opened, holders, strict=True)
        ]


def _holders(envelope: Envelope) -> tuple[str, str]:
    """Whose address an event carries (the acting user's), and whose personal fields."""
    record = orjson.loads(envelope.record)
    data, moment = record["data"], moment_of(record["time"])
    user_id = data.get("user_id")
    return holder_of(data.get("actor_id") or user_id, moment), holder_of(user_id, moment)


def _parts(
    event_id: str,
    values: tuple[Mapping[str, str], Mapping[str, str]],
    holders: tuple[str, str],
    sealers: Mapping[str, Sealer | None],
) -> SealedParts:
    (origin, personal), (actor, person) = values, holders
    sealed_origin = seal_part(sealers.get(actor), event_id, "origin", origin)
    sealed_personal = seal_part(sealers.get(person), event_id, "personal", personal)
    return SealedParts(
        origin=sealed_origin,
        origin_holder=actor if sealed_origin is not None else None,
        personal=sealed_personal,
        personal_holder=person if sealed_personal is not None else None,
    )
