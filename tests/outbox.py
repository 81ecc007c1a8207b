"""What was recorded: the events that wait in the outbox, as a test wants to read them."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select

from authserver.storage.models.outbox import OutboxEvent
from tests.installation import Installation


def recorded(server: Installation, *types: str) -> list[dict[str, Any]]:
    """The data of the recorded events of these types (all without any), oldest first, each with its `type`."""
    with server.reading() as unit:
        rows = unit.session.scalars(select(OutboxEvent.record).order_by(OutboxEvent.event_id)).all()
    records = [json.loads(row) for row in rows]
    return [{"type": one["type"], **one["data"]} for one in records if not types or one["type"] in types]


def types_recorded(server: Installation) -> list[str]:
    """The types of all recorded events, oldest first."""
    return [event["type"] for event in recorded(server)]
