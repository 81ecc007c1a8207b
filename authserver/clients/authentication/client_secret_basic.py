"""`client_secret_basic`: id and secret in the Authorization header, both form-encoded (RFC 6749 §2.3.1)."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import unquote_plus

from authserver.clients.authentication.credentials import BASIC_CHALLENGE, Credentials, SecretVerifier
from authserver.clients.directory import Client
from authserver.protocol.errors import InvalidClient
from authserver.protocol.messages import Request


def read(request: Request) -> Credentials | None:
    """Id and secret of the header, where there is one.

    Raises:
        InvalidClient: the header has another scheme, or cannot be read.
    """
    header = request.headers.get("authorization")
    if header is None:
        return None
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise _unreadable("The Authorization header must use the scheme Basic.", "scheme_not_supported")
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
        client_id, separator, secret = text.partition(":")
        client_id, secret = _decoded(client_id), _decoded(secret)
    except (binascii.Error, ValueError) as error:
        raise _unreadable("The Authorization header cannot be read.", "header_malformed") from error
    if not separator or not client_id:
        raise _unreadable("The Authorization header names no client.", "header_malformed")
    return Credentials("client_secret_basic", client_id, secret, BASIC_CHALLENGE)


def verify(client: Client | None, credentials: Credentials, secrets: SecretVerifier) -> bool:
    """Whether the secret is one of the client's."""
    return secrets.matches(client, credentials.secret)


def _decoded(text: str) -> str:
    return unquote_plus(text, errors="strict") if "%" in text or "+" in text else text


def _unreadable(description: str, reason: str) -> InvalidClient:
    return InvalidClient(description, reason=reason, spec="RFC 6749 §2.3.1", headers=BASIC_CHALLENGE)
