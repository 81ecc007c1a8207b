"""POST /oauth2/register (RFC 7591) and GET, PUT, DELETE below it (RFC 7592)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import orjson

from authserver.clients import wire
from authserver.clients.dynamic_registration import RegisteredClient
from authserver.clients.registration import metadata_of
from authserver.edge.chain import Handler
from authserver.endpoints.machine_errors import refusing
from authserver.protocol import validity
from authserver.protocol.errors import InvalidClientMetadata
from authserver.protocol.messages import Request, Response, empty, json_response
from authserver.services import Services
from authserver.telemetry.context import note

PATH: Final = "/oauth2/register"
MANAGEMENT: Final = f"{PATH}/"
"""What the address at which one client manages itself begins with; its id follows."""

JSON: Final = "application/json"


def registration(services: Services) -> Handler:
    """The client registration endpoint."""
    register = services.dynamic_registration.register

    def answer(request: Request) -> Response:
        made = register(_document(request), _bearer(request))
        note(client_id=made.record.id)
        return json_response(told(made, services.settings.issuer), 201)

    return refusing(services.explanations, "register", answer)


def management(services: Services) -> Handler:
    """The client configuration endpoint of every client that registered itself."""
    dynamic, issuer = services.dynamic_registration, services.settings.issuer

    def read(request: Request) -> Response:
        return json_response(told(dynamic.read(_client_id(request), _bearer(request)), issuer))

    def update(request: Request) -> Response:
        made = dynamic.update(_client_id(request), _bearer(request), _document(request))
        services.clients.forget()
        return json_response(told(made, issuer))

    def delete(request: Request) -> Response:
        dynamic.delete(_client_id(request), _bearer(request))
        services.clients.forget()
        return empty(204)

    methods: dict[str, Callable[[Request], Response]] = {"PUT": update, "DELETE": delete}

    def answer(request: Request) -> Response:
        return methods.get(request.method, read)(request)

    return refusing(services.explanations, "register", answer)


def told(made: RegisteredClient, issuer: str) -> dict[str, Any]:
    """The client information response (RFC 7591 §3.2.1): all that is registered, new secrets once."""
    record = made.record
    document = {"client_id": record.id, "client_id_issued_at": validity.epoch(record.created_at)}
    document |= wire.write(metadata_of(record))
    if made.secret is not None:
        document |= {"client_secret": made.secret, "client_secret_expires_at": 0}
    document["registration_client_uri"] = f"{issuer.rstrip('/')}{MANAGEMENT}{record.id}"
    if made.registration_token is not None:
        document["registration_access_token"] = made.registration_token
    return document


def _client_id(request: Request) -> str:
    return request.path.removeprefix(MANAGEMENT)


def _bearer(request: Request) -> str | None:
    """The token in the Authorization header, which is the only place for it here (RFC 7591 §3, RFC 7592 §2)."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    return credentials.strip() or None if scheme.lower() == "bearer" else None


def _document(request: Request) -> dict[str, Any]:
    """The JSON object in the body.

    Raises:
        InvalidClientMetadata: there is none.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        document = orjson.loads(request.body) if media_type == JSON else None
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise InvalidClientMetadata(
            f"The body must be a JSON object, sent as {JSON}.", reason="body_not_json", spec="RFC 7591 §3.1"
        )
    return document
