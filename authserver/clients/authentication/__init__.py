"""Client authentication (RFC 6749 §2.3): exactly one method, and only the registered one.

`detect` finds how the client wants to prove itself, from the Authorization
header and the body alone; one file per method reads and verifies it. A method
joins by being listed in `METHODS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from authserver.clients.authentication import client_secret_basic, client_secret_post, none
from authserver.clients.authentication.credentials import Credentials, SecretVerifier
from authserver.clients.authentication.detect import detect
from authserver.clients.directory import Client, ClientDirectory
from authserver.crypto.secrets import ClientSecrets
from authserver.protocol.errors import InvalidClient
from authserver.protocol.messages import Request
from authserver.telemetry.context import note

METHODS = MappingProxyType(
    {
        "none": none.verify,
        "client_secret_basic": client_secret_basic.verify,
        "client_secret_post": client_secret_post.verify,
    }
)

WORDS = "Client authentication failed."


@dataclass(frozen=True, slots=True)
class AuthenticatedClient:
    """A client and the method by which it proved itself."""

    client: Client
    method: str


class ClientAuthentication:
    """Authenticates clients at the token, introspection and revocation endpoints."""

    def __init__(self, directory: ClientDirectory, client_secrets: ClientSecrets) -> None:
        self._directory = directory
        self._secrets = SecretVerifier(client_secrets)

    def authenticate(self, request: Request) -> AuthenticatedClient:
        """The client that sent `request`.

        Raises:
            InvalidClient: no client proved itself; the private reason says why.
            InvalidRequest: two methods at once, or two clients named (RFC 6749 §5.2).
        """
        credentials = detect(request)
        client = self._directory.find(credentials.client_id)
        # Verified before anything else is looked at, so that a wrong secret, an unknown client, a disabled one
        # and one with another method cost the same work and get the same words.
        proven = METHODS[credentials.method](client, credentials, self._secrets)
        if client is None:
            raise _refused(credentials, "client_unknown")
        if client.auth_method != credentials.method:
            raise _refused(credentials, "method_not_registered", f"client {client.id}: token_endpoint_auth_method")
        if not proven:
            raise _refused(credentials, "secret_wrong")
        if not client.enabled:
            raise _refused(credentials, "client_disabled", f"client {client.id}: enabled")
        note(client_id=client.id)
        return AuthenticatedClient(client, credentials.method)


def _refused(credentials: Credentials, reason: str, setting: str = "") -> InvalidClient:
    return InvalidClient(
        WORDS,
        reason=reason,
        spec="RFC 6749 §5.2",
        setting=setting,
        details={"client_id": credentials.client_id[:255], "method": credentials.method},
        headers=credentials.challenge,
    )


__all__ = ["METHODS", "AuthenticatedClient", "ClientAuthentication"]
