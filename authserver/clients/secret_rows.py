"""The secrets of a client as rows: made, sealed where they are keys, replaced when their use changes."""

from __future__ import annotations

from dataclasses import dataclass

from authserver.clients.metadata import ClientMetadata
from authserver.crypto.secrets import ClientSecrets
from authserver.protocol import validity
from authserver.protocol.algorithms import SHORTEST_MAC_KEY
from authserver.protocol.errors import ValidationError
from authserver.storage.models.clients import ClientSecret
from authserver.storage.unit import Unit

SHORTEST_SECRET = 8
LONGEST_SECRET = 512


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A secret that was just stored; `value` leaves here once."""

    id: str
    value: str


class SecretRows:
    """Stores the secrets of clients."""

    def __init__(self, client_secrets: ClientSecrets) -> None:
        self._secrets = client_secrets

    def add(self, unit: Unit, client_id: str, chosen: str | None, *, is_key: bool) -> NewSecret:
        """A secret, chosen or made, with a sealed copy where it is a key. Raises ValidationError."""
        value = self._secrets.generate() if chosen is None else checked_secret(chosen, is_key=is_key)
        sealed = self._secrets.seal(value, client_id) if is_key else None
        row = ClientSecret(client_id=client_id, digest=self._secrets.digest(value), sealed=sealed)
        return NewSecret(unit.client_secrets.add(row).id, value)

    def matches(self, secret: str, row: ClientSecret) -> bool:
        """Whether `secret` is the one of this row, in constant time."""
        return self._secrets.matches(secret, row.digest)

    def settle(self, unit: Unit, client_id: str, before: ClientMetadata, after: ClientMetadata) -> str | None:
        """What follows for its secrets when a client changes: the new secret, where it receives one.

        A secret that was no key becomes none later: of it there is a digest alone, so it is replaced.
        """
        if not after.has_secret:
            unit.client_secrets.expire_all(client_id, validity.now())
        if before.secret_is_key and not after.secret_is_key:
            unit.client_secrets.forget_sealed(client_id)
        if not after.has_secret or (before.has_secret and (before.secret_is_key or not after.secret_is_key)):
            return None
        unit.client_secrets.expire_all(client_id, validity.now())
        return self.add(unit, client_id, None, is_key=after.secret_is_key).value


def checked_secret(secret: str, *, is_key: bool = False) -> str:
    """A chosen secret, if it may be one (RFC 6749 appendix A.2); a key is as long as its MAC (RFC 7518 §3.2).

    Raises:
        ValidationError: it is too short, too long, or has characters that no header can carry.
    """
    shortest = SHORTEST_MAC_KEY if is_key else SHORTEST_SECRET
    if not shortest <= len(secret) <= LONGEST_SECRET or not all("\x20" <= char <= "\x7e" for char in secret):
        raise ValidationError(
            f"a client secret has {shortest} to {LONGEST_SECRET} printable ASCII characters", field="secret"
        )
    return secret
