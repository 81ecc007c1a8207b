"""`client_secret_post`: id and secret in the body, never in the query (RFC 6749 §2.3.1)."""

from __future__ import annotations

from authserver.clients.authentication.credentials import Credentials, SecretVerifier
from authserver.clients.directory import Client
from authserver.protocol.errors import InvalidClient
from authserver.protocol.messages import Request


def read(request: Request) -> Credentials | None:
    """Id and secret of the body, where it has a secret."""
    secret = request.form.get("client_secret")
    if secret is None:
        return None
    client_id = request.form.get("client_id")
    if client_id is None:
        raise InvalidClient("client_secret came without client_id.", reason="client_id_missing", spec="RFC 6749 §2.3.1")
    return Credentials("client_secret_post", client_id, secret)


def verify(client: Client | None, credentials: Credentials, secrets: SecretVerifier) -> bool:
    """Whether the secret is one of the client's."""
    return secrets.matches(client, credentials.secret)
