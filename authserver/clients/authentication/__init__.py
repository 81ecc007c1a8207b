"""Client authentication (RFC 6749 §2.3): exactly one method, and only the registered one.

`detect` finds how the client wants to prove itself, from the Authorization
header and the body alone; one file per method reads and verifies it. Secrets are
compared first of all, so that nobody learns who exists; keys are looked for
only when the client is known, enabled and registered for them, because that may
mean a call to a server of its choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from authserver.clients.authentication import client_secret_basic, client_secret_post, none
from authserver.clients.authentication.credentials import Credentials, Proof, SecretVerifier, refusal
from authserver.clients.authentication.detect import detect
from authserver.clients.directory import Client, ClientDirectory, ClientSource
from authserver.crypto.secrets import ClientSecrets
from authserver.protocol.errors import UnknownClient
from authserver.protocol.messages import Request
from authserver.protocol.policy import SECRET_METHODS
from authserver.telemetry.context import note

SECRETS = MappingProxyType(
    {
        "none": none.verify,
        "client_secret_basic": client_secret_basic.verify,
        "client_secret_post": client_secret_post.verify,
    }
)

CERTIFICATE_METHODS = frozenset({"tls_client_auth", "self_signed_tls_client_auth"})
"""Methods without a parameter of their own: the connection proves them (RFC 8705 §2)."""


@dataclass(frozen=True, slots=True)
class AuthenticatedClient:
    """A client and the method by which it proved itself."""

    client: Client
    method: str


class ClientAuthentication:
    """Authenticates clients at every endpoint that they call themselves.

    Args:
        documents: what also finds clients by their metadata documents; the directory alone unless given.
        proofs: what verifies the methods with a key, by method; one that is missing is not offered.
    """

    def __init__(
        self,
        directory: ClientDirectory,
        client_secrets: ClientSecrets,
        proofs: Mapping[str, Proof] = MappingProxyType({}),
        documents: ClientSource | None = None,
    ) -> None:
        self._directory = directory
        self._documents = documents or directory
        self._secrets = SecretVerifier(client_secrets)
        self._proofs = proofs

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that are offered, for metadata."""
        return tuple(sorted({*SECRETS, *self._proofs}))

    def authenticate(self, request: Request, *, begins: bool = False) -> AuthenticatedClient:
        """The client that sent `request`. May ask the client's host, and so is never called inside a transaction.

        Args:
            begins: whether something new begins, which takes a metadata document that is good now. What was begun
                goes on while the document is gone or not acceptable.

        Raises:
            InvalidClient: no client proved itself; the private reason says why.
            InvalidRequest: two methods at once, two clients named (RFC 6749 §5.2), or a malformed certificate.
        """
        credentials = detect(request)
        client = self._find(credentials, begins=begins)
        if client is not None and credentials.method == "none" and client.auth_method in CERTIFICATE_METHODS:
            credentials = replace(credentials, method=client.auth_method)
        # Verified before anything else is looked at, so that a wrong secret, an unknown client, a disabled one
        # and one with another method cost the same work and get the same words.
        verify = SECRETS.get(credentials.method)
        proven = verify is None or verify(client, credentials, self._secrets)
        if client is None:
            raise refusal(credentials, reason="client_unknown")
        if client.auth_method != credentials.method:
            setting = f"client {client.id}: token_endpoint_auth_method"
            raise refusal(credentials, reason="method_not_registered", setting=setting)
        if not proven:
            raise refusal(credentials, reason="secret_wrong")
        if not client.enabled:
            raise refusal(credentials, reason="client_disabled", setting=f"client {client.id}: enabled")
        if verify is None:
            self._prove(client, credentials)
        note(client_id=client.id)
        return AuthenticatedClient(client, credentials.method)

    def _find(self, credentials: Credentials, *, begins: bool) -> Client | None:
        """The client by row or document. A secret belongs to no client with a document, so for one nobody is asked."""
        if credentials.method in SECRET_METHODS:
            return self._directory.find(credentials.client_id)
        try:
            found = self._documents.find(credentials.client_id)
        except UnknownClient as error:
            known = None if begins else self._directory.find(credentials.client_id)
            if known is None:
                raise refusal(
                    credentials,
                    reason="client_document_refused",
                    spec="draft-ietf-oauth-client-id-metadata-document §4",
                    details=error.details,
                ) from error
            return known
        return found if found is not None or begins else self._directory.find(credentials.client_id)

    def _prove(self, client: Client, credentials: Credentials) -> None:
        proof = self._proofs.get(credentials.method)
        if proof is None:
            raise refusal(credentials, reason="method_not_offered", setting="client_certificate_ca")
        proof(client, credentials)


__all__ = ["CERTIFICATE_METHODS", "SECRETS", "AuthenticatedClient", "ClientAuthentication"]
