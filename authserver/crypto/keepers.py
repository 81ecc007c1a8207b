"""What keeps the secrets of an installation, made of its settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from authserver.crypto.handles import Handles
from authserver.crypto.macs import Macs
from authserver.crypto.passwords import PasswordHasher, PasswordSettings
from authserver.crypto.sealing import Sealer
from authserver.crypto.secrets import ClientSecrets


class KeeperSettings(PasswordSettings, Protocol):
    """The three secrets of an installation, and how passwords are hashed."""

    @property
    def pepper(self) -> bytes:
        """Keys digests."""
        ...

    @property
    def application_secret(self) -> bytes:
        """Keys tags."""
        ...

    @property
    def sealing_key(self) -> bytes:
        """Seals what must be read again."""
        ...


@dataclass(frozen=True, slots=True)
class Crypto:
    """What keeps secrets."""

    handles: Handles
    macs: Macs
    sealer: Sealer
    hasher: PasswordHasher
    client_secrets: ClientSecrets

    @classmethod
    def of(cls, settings: KeeperSettings) -> Crypto:
        """All of them."""
        sealer = Sealer.of(settings.sealing_key)
        return cls(
            handles=Handles(settings.pepper),
            macs=Macs(settings.application_secret),
            sealer=sealer,
            hasher=PasswordHasher(settings),
            client_secrets=ClientSecrets(settings.pepper, sealer),
        )
