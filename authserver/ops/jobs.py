"""Periodic work that the worker does besides events and sweeps."""

from __future__ import annotations

from authserver.clients import policy as policies
from authserver.clients.backchannel_logout import BackchannelLogout
from authserver.clients.backchannel_notifications import BackchannelNotifications
from authserver.clients.directory import ClientDirectory
from authserver.clients.keys import ClientKeys
from authserver.clients.secret_keys import SecretKeys
from authserver.clients.subject_identifiers import SubjectIdentifiers
from authserver.crypto.macs import Macs
from authserver.crypto.sealing import Sealer
from authserver.crypto.secrets import ClientSecrets
from authserver.events.outbound import Outbound
from authserver.events.outbox import Recorder
from authserver.events.worker import Job
from authserver.identity.sessions import SessionRegistry
from authserver.issuing.logout_tokens import ProtectedLogoutTokens
from authserver.issuing.protection import Protector
from authserver.settings.schema import Settings
from authserver.signing.keyring import Keyring
from authserver.signing.rotation import Rotation
from authserver.storage.database import Database

KEY_SECONDS = 60.0
EXPIRED_SESSIONS_SECONDS = 300.0
LOGOUT_SECONDS = 0.5
"""How long the end of a session waits at most before clients begin to hear of it."""
NOTIFICATION_SECONDS = 0.5
"""How long a decision waits at most before its client hears of it."""
MEASURED_SECONDS = 15.0


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

    logout, notifications = backchannel_logout(settings, database), backchannel_notifications(settings, database)
    return (
        Job("signing-keys", KEY_SECONDS, advance_keys),
        Job("expired-sessions", EXPIRED_SESSIONS_SECONDS, tell_expired_sessions),
        Job("backchannel-logout", LOGOUT_SECONDS, logout.step),
        Job("ciba-notifications", NOTIFICATION_SECONDS, notifications.step),
        Job("backchannel-logout-waiting", MEASURED_SECONDS, logout.measure),
    )


def backchannel_notifications(settings: Settings, database: Database) -> BackchannelNotifications:
    """What tells clients that a person has decided."""
    sealer = Sealer.of(settings.sealing_key)
    clients = ClientDirectory(database, ClientSecrets(settings.pepper, sealer), policies.profiles(settings))
    return BackchannelNotifications(database, clients, sealer, Outbound(settings))


def backchannel_logout(settings: Settings, database: Database) -> BackchannelLogout:
    """What tells clients that a session has ended."""
    sealer, outbound = Sealer.of(settings.sealing_key), Outbound(settings)
    secrets = ClientSecrets(settings.pepper, sealer)
    tokens = ProtectedLogoutTokens(
        settings.issuer,
        Protector(Keyring(database, sealer), ClientKeys(outbound), SecretKeys(secrets)),
        Macs(settings.application_secret),
        SubjectIdentifiers(database, sealer),
    )
    clients = ClientDirectory(database, secrets, policies.profiles(settings))
    return BackchannelLogout(database, clients, tokens, outbound, Recorder(sealer))
