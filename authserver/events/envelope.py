"""An event on its way: the open record as canonical JSON, and the sealed rest.

The envelope is what the outbox and the spool hold until the worker has taken
it in. Its sealed part lies under the installation's sealing key for these
seconds; the audit log seals it again under the key of the person it belongs to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from authserver.crypto.sealing import Sealer
from authserver.events.catalog import event_from
from authserver.events.event import Event, canonical, open_values, personal_values
from authserver.protocol import validity
from authserver.protocol.identifiers import new_id
from authserver.telemetry import context

MAX_USER_AGENT: Final = 400
"""Characters of a user agent that are kept: enough to tell devices apart, short enough for one spool line."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """One recorded event.

    Attributes:
        event_id: UUIDv7, unique for all time; every later station is idempotent by it.
        record: canonical JSON of everything that may be kept for good.
        sealed: address, agent and personal fields, sealed; None when there are none.
    """

    event_id: str
    record: str
    sealed: bytes | None


@dataclass(frozen=True, slots=True)
class Opened:
    """An envelope that was read: the event, and the request that caused it."""

    event_id: str
    occurred_at: datetime
    correlation_id: str
    event: Event
    address: str
    user_agent: str


def enclose(event: Event, sealer: Sealer, *, event_id: str | None = None) -> Envelope:
    """The envelope of an event that happens now, in the current request; `event_id` only where it was told before."""
    event_id = event_id or new_id()
    origin = context.current()
    record: dict[str, Any] = {
        "actor": event.actor,
        "correlation_id": origin.correlation_id,
        "data": open_values(event),
        "id": event_id,
        "outcome": event.OUTCOME,
        "target": event.target,
        "time": moment_text(validity.now()),
        "type": event.type,
        "version": event.VERSION,
    }
    secret: dict[str, Any] = {}
    if origin.address or origin.user_agent:
        secret["origin"] = {"address": origin.address, "user_agent": origin.user_agent[:MAX_USER_AGENT]}
    if personal := personal_values(event):
        secret["personal"] = personal
    sealed = sealer.seal(canonical(secret), f"event:{event_id}") if secret else None
    return Envelope(event_id, canonical(record).decode(), sealed)


def opened_parts(envelope: Envelope, sealer: Sealer) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Address and agent, and the personal fields, of an envelope; each may be empty.

    Raises:
        SealingError: the sealing key is another one, or the value was changed.
    """
    if envelope.sealed is None:
        return {}, {}
    secret = orjson.loads(sealer.open(envelope.sealed, f"event:{envelope.event_id}"))
    return secret.get("origin", {}), secret.get("personal", {})


def disclose(envelope: Envelope, sealer: Sealer) -> Opened:
    """The event inside an envelope, as a subscriber sees it.

    Raises:
        KeyError: the catalogue has no such event.
        SealingError: as for `opened_parts`.
    """
    record = orjson.loads(envelope.record)
    origin, personal = opened_parts(envelope, sealer)
    return Opened(
        event_id=envelope.event_id,
        occurred_at=moment_of(record["time"]),
        correlation_id=record["correlation_id"],
        event=event_from(record["type"], record["data"], personal),
        address=origin.get("address", ""),
        user_agent=origin.get("user_agent", ""),
    )


def moment_text(moment: datetime) -> str:
    """A moment as it stands in records: UTC, microseconds, one length."""
    return f"{moment.astimezone(UTC).isoformat(timespec='microseconds')[:26]}Z"


def moment_of(text: str) -> datetime:
    """The moment that `moment_text` wrote."""
    return datetime.fromisoformat(text)
