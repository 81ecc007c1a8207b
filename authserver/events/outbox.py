"""Events of state changes: written into the transaction that makes the change.

Either both are committed or neither is, so nothing happens untold and nothing
is told that did not happen.
"""

from __future__ import annotations

from authserver.crypto.sealing import Sealer
from authserver.events.envelope import enclose
from authserver.events.event import Event
from authserver.events.measures import MEASURES
from authserver.storage import Unit
from authserver.telemetry import context


class Recorder:
    """Records events in the unit of work that changes the state."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def record(self, unit: Unit, event: Event) -> None:
        """Adds `event` to the transaction of `unit`: one INSERT, visible to the worker after commit.

        Address, agent and correlation id are those of the current request, whose log lines name from here on whom
        the event concerns.
        """
        context.note(client_id=event.client_id, user_id=event.user_id, session_id=event.session_id)
        envelope = enclose(event, self._sealer)
        unit.outbox.add(envelope.event_id, envelope.record, envelope.sealed)
        moves = MEASURES.get(type(event))
        if moves is not None:
            unit.after_commit(lambda: moves(event))
