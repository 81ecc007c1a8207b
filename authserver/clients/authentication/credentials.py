"""What a client presented, what decides whether it proves the client, and the one comparison of secrets."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from authserver.clients.directory import Client, good_digests
from authserver.crypto.secrets import ClientSecrets
from authserver.protocol.errors import InvalidClient
from authserver.tokens.foreign import Foreign

BASIC_CHALLENGE = (("WWW-Authenticate", 'Basic realm="client", charset="UTF-8"'),)

WORDS = "Client authentication failed."
"""What every client hears whose authentication failed, whatever the reason."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """One method, the client it names, and what should prove it.

    `challenge` is the header of a refusal: only who used the Authorization
    header is told to use it (RFC 6749 §5.2). `path` is that of the endpoint
    asked, `certificate` that of the connection as the server has it.
    """

    method: str
    client_id: str
    secret: str = ""
    challenge: tuple[tuple[str, str], ...] = ()
    assertion: Foreign | None = None
    certificate: str | None = None
    path: str = ""


Proof = Callable[[Client, Credentials], None]
"""Verifies what proves a client with a key: raises InvalidClient unless it does.

Called for an enabled client that registered the method, because a key may have to be fetched from its owner.
"""


def refusal(
    credentials: Credentials,
    reason: str,
    spec: str = "RFC 6749 §5.2",
    setting: str = "",
    details: Mapping[str, str] = MappingProxyType({}),
) -> InvalidClient:
    """The one refusal of a client that did not prove itself; `reason` is private."""
    return InvalidClient(
        WORDS,
        reason=reason,
        spec=spec,
        setting=setting,
        details={"client_id": credentials.client_id[:255], "method": credentials.method, **details},
        headers=credentials.challenge,
    )


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
