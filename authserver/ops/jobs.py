"""Periodic work that the worker does besides events and sweeps."""

from __future__ import annotations

from authserver.crypto.sealing import Sealer
from authserver.events.outbox import Recorder
from authserver.events.worker import Job
from authserver.settings.schema import Settings
from authserver.signing.rotation import Rotation
from authserver.storage.database import Database

KEY_SECONDS = 60.0


def jobs(settings: Settings, database: Database) -> tuple[Job, ...]:
    """The jobs of an installation."""
    sealer = Sealer.of(settings.sealing_key)
    rotation = Rotation(settings, sealer, Recorder(sealer))

    def advance_keys() -> int:
        with database.unit() as unit:
            return len(rotation.advance(unit))

    return (Job("signing-keys", KEY_SECONDS, advance_keys),)
