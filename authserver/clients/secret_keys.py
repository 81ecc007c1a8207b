"""Client secrets that are keys: for MACs of the client (`client_secret_jwt`) and of ours (HS256 ID tokens)."""

from __future__ import annotations

from authserver.clients.directory import Client
from authserver.crypto.sealing import SealingError
from authserver.crypto.secrets import ClientSecrets
from authserver.protocol import validity
from authserver.telemetry.logs import get_logger

_log = get_logger(__name__)


class SecretKeys:
    """Opens the sealed copies of secrets, which clients have whose metadata uses the secret as a key."""

    def __init__(self, client_secrets: ClientSecrets) -> None:
        self._secrets = client_secrets

    def of(self, client: Client) -> tuple[bytes, ...]:
        """The client's secrets that count now, the newest first; empty where none is kept as a key.

        Whoever checks a MAC tries each, whoever makes one takes the first.
        """
        moment = validity.now()
        good = [secret for secret in client.secret_digests if secret.sealed is not None and secret.is_good_at(moment)]
        newest_first = sorted(good, key=lambda secret: secret.not_before, reverse=True)
        opened = (self._open(client.id, secret.sealed, secret.digest) for secret in newest_first)
        return tuple(secret for secret in opened if secret is not None)

    def _open(self, client_id: str, sealed: bytes | None, digest: bytes) -> bytes | None:
        try:
            return None if sealed is None else self._secrets.open(sealed, client_id, digest)
        except SealingError as error:
            _log.error("a secret of client %s does not open: %s", client_id, error)
            return None
