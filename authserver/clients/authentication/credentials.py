"""What a client presented, and the one comparison of secrets that every method with a secret uses."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from authserver.clients.directory import Client, good_digests
from authserver.crypto.secrets import ClientSecrets

BASIC_CHALLENGE = (("WWW-Authenticate", 'Basic realm="client", charset="UTF-8"'),)


@dataclass(frozen=True, slots=True)
class Credentials:
    """One method, the client it names, and what should prove it.

    `challenge` is the header of a refusal: only who used the Authorization
    header is told to use it (RFC 6749 §5.2).
    """

    method: str
    client_id: str
    secret: str = ""
    challenge: tuple[tuple[str, str], ...] = ()


class SecretVerifier:
    """Compares secrets in constant time, and does the same work where there is nothing to compare with."""

    def __init__(self, client_secrets: ClientSecrets) -> None:
        self._secrets = client_secrets
        self._nobody = (client_secrets.digest(client_secrets.generate()),)

    def matches(self, client: Client | None, secret: str) -> bool:
        """Whether `secret` is one of the client's that count now; never for no client or one without secrets."""
        known = good_digests(client) if client is not None else ()
        presented = self._secrets.digest(secret)
        found = False
        for digest in known or self._nobody:
            found |= hmac.compare_digest(presented, digest)
        return found and bool(known)
