"""A recorder that remembers."""

from __future__ import annotations

from authserver.crypto.sealing import Sealer
from authserver.events.event import Event
from authserver.events.outbox import Recorder
from authserver.storage import Unit


class RememberingRecorder(Recorder):
    """The real recorder, which also remembers what it was given."""

    def __init__(self, sealer: Sealer | None = None) -> None:
        super().__init__(sealer or Sealer.of(bytes(32)))
        self.events: list[Event] = []

    def record(self, unit: Unit, event: Event) -> None:
        """Record, and remember."""
        super().record(unit, event)
        self.events.append(event)

    @property
    def types(self) -> list[str]:
        """The names of the events, in order."""
        return [event.type for event in self.events]
