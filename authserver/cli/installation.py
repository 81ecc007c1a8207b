"""What commands work on: the settings, the open database and the services around it.

Each is imported and made when a command asks for it: a command that lists
clients needs neither keys nor the rules of passwords.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from authserver import storage
from authserver.settings import Settings, load
from authserver.storage import Database, migrations

if TYPE_CHECKING:
    from authserver.access.assertion_issuers import IssuerRegistration
    from authserver.access.registration import AccessRegistration
    from authserver.clients.initial_access import InitialAccessTokens
    from authserver.clients.registration import ClientRegistration
    from authserver.crypto.macs import Macs
    from authserver.crypto.passwords import PasswordHasher
    from authserver.crypto.sealing import Sealer
    from authserver.crypto.secrets import ClientSecrets
    from authserver.events.outbox import Recorder
    from authserver.identity.passwords import Passwords
    from authserver.identity.users import Users
    from authserver.signing.rotation import Rotation


class Installation:
    """One installation, seen from the command line."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings = settings
        self.database = database

    @cached_property
    def sealer(self) -> Sealer:
        """Seals what must be read again."""
        from authserver.crypto.sealing import Sealer

        return Sealer.of(self.settings.sealing_key)

    @cached_property
    def recorder(self) -> Recorder:
        """Records events."""
        from authserver.events.outbox import Recorder

        return Recorder(self.sealer)

    @cached_property
    def client_secrets(self) -> ClientSecrets:
        """Makes and digests client secrets."""
        from authserver.crypto.secrets import ClientSecrets

        return ClientSecrets(self.settings.pepper, self.sealer)

    @cached_property
    def macs(self) -> Macs:
        """Keyed tags."""
        from authserver.crypto.macs import Macs

        return Macs(self.settings.application_secret)

    @cached_property
    def hasher(self) -> PasswordHasher:
        """Hashes passwords."""
        from authserver.crypto.passwords import PasswordHasher

        return PasswordHasher(self.settings)

    @cached_property
    def clients(self) -> ClientRegistration:
        """Registers clients."""
        from authserver.clients.registration import ClientRegistration
        from authserver.clients.sectors import SectorIdentifiers
        from authserver.events.outbound import Outbound

        sectors = SectorIdentifiers(Outbound(self.settings))
        return ClientRegistration(self.database, self.client_secrets, self.recorder, sectors)

    @cached_property
    def initial_access_tokens(self) -> InitialAccessTokens:
        """Makes and ends initial access tokens."""
        from authserver.clients.initial_access import InitialAccessTokens
        from authserver.crypto.handles import Handles

        return InitialAccessTokens(self.database, Handles(self.settings.pepper), self.recorder)

    @cached_property
    def access(self) -> AccessRegistration:
        """Registers resources and scopes."""
        from authserver.access.registration import AccessRegistration

        return AccessRegistration(self.database, self.recorder, self.settings.issuer)

    @cached_property
    def issuers(self) -> IssuerRegistration:
        """Registers issuers of assertions."""
        from authserver.access.assertion_issuers import IssuerRegistration

        return IssuerRegistration(self.database, self.recorder, self.settings.issuer)

    @cached_property
    def passwords(self) -> Passwords:
        """Judges and hashes passwords."""
        from authserver.identity.passwords import Passwords

        return Passwords(self.settings, self.hasher, self.recorder)

    @cached_property
    def users(self) -> Users:
        """Makes and changes accounts."""
        from authserver.identity.lockout import Lockout
        from authserver.identity.users import Users

        return Users(self.passwords, Lockout(self.settings, self.macs), self.recorder)

    @cached_property
    def rotation(self) -> Rotation:
        """Moves signing keys through their lives."""
        from authserver.signing.rotation import Rotation

        return Rotation(self.settings, self.sealer, self.recorder)


@contextmanager
def opened(*, current_schema: bool = True) -> Iterator[Installation]:
    """Open the installation that the environment describes.

    Args:
        current_schema: refuse a database whose schema is not the one this version needs.

    Raises:
        SettingsError: the configuration cannot be used.
        StaleSchema: the schema is not current.
    """
    settings = load()
    database = storage.open(settings)
    try:
        if current_schema:
            migrations.require_head(database)
        yield Installation(settings, database)
    finally:
        database.close()
