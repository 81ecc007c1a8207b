"""`none`: a public client names itself in the body and proves nothing (RFC 6749 §3.2.1, OIDC Core §9)."""

from __future__ import annotations

from authserver.clients.authentication.credentials import Credentials, SecretVerifier
from authserver.clients.directory import Client
from authserver.protocol.messages import Request


def read(request: Request) -> Credentials | None:
    """The client's name, where the body has one."""
    client_id = request.form.get("client_id")
    return None if client_id is None else Credentials("none", client_id, certificate=request.client_certificate)


def verify(client: Client | None, credentials: Credentials, secrets: SecretVerifier) -> bool:  # noqa: ARG001
    """There is nothing to verify; that the client registered this method is checked for every method."""
    return client is not None
