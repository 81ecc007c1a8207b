"""Periodic work that the worker does besides events and sweeps."""

from __future__ import annotations

from authserver.crypto.sealing import Sealer
from authserver.events.outbox import Recorder
from authserver.events.worker import Job
from authserver.identity.sessions import SessionRegistry
from authserver.settings.schema import Settings
from authserver.signing.rotation import Rotation
from authserver.storage.database import Database

KEY_SECONDS = 60.0
EXPIRED_SESSIONS_SECONDS = 300.0


def jobs(settings: Settings, database: Database) -> tuple[Job, ...]:
    """The jobs of an installation."""
    sealer = Sealer.of(settings.sealing_key)
    recorder = Recorder(sealer)
    rotation, sessions = Rotation(settings, sealer, recorder), SessionRegistry(settings, recorder)

    def advance_keys() -> int:
        with database.unit() as unit:
            return len(rotation.advance(unit))

    def tell_expired_sessions() -> int:
        def piece() -> int:
            with database.unit() as unit:
                return sessions.tell_expired(unit)

        total = 0
        while told := database.retrying(piece):
            total += told
        return total

    return (
        Job("signing-keys", KEY_SECONDS, advance_keys),
        Job("expired-sessions", EXPIRED_SESSIONS_SECONDS, tell_expired_sessions),
    )
