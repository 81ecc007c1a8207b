"""GET and POST /api/v1/approvals: what waits for a person, and their answers, for programs that act for them.

The token is the person's own, for the resource `{issuer}/api/v1` with the scope
`approvals`, and of a session that is still open: an answer is given by somebody
who is signed in, here as on the page.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from authserver.access import authorization_details
from authserver.access.authorization_details import Described
from authserver.clients.directory import Client
from authserver.edge.chain import Handler
from authserver.endpoints.bearer import Guard
from authserver.issuing.decisions import Decider
from authserver.issuing.liveness import session_is_open
from authserver.issuing.reading import ReadToken
from authserver.protocol.errors import (
    ApplicationError,
    AuthorizationError,
    ConflictError,
    NotFound,
    ProtocolError,
    ValidationError,
)
from authserver.protocol.messages import Request, Response, json_response
from authserver.services import Services
from authserver.storage.models.decoupled import BackchannelRequest
from authserver.storage.unit import Unit
from authserver.telemetry.context import current, note

PATH: Final = "/api/v1/approvals"
RESOURCE_PATH: Final = "/api/v1"
SCOPE: Final = "approvals"
DECISIONS: Final = ("allow", "deny")
REASONS: Final = {400: "Bad Request", 403: "Forbidden", 404: "Not Found", 409: "Conflict"}


def endpoint(services: Services) -> Handler:
    """The two operations behind one guard."""

    def answer(request: Request, token: ReadToken) -> Response:
        note(client_id=token.client_id, user_id=str(token.claims["sub"]))
        try:
            if request.method == "POST":
                return json_response(_decide(services, request, token))
            return json_response(_list(services, token))
        except ApplicationError as error:
            return _refused(error)

    audience = services.settings.issuer.rstrip("/") + RESOURCE_PATH
    return Guard(services, "approvals", audience=audience, scope=SCOPE).around(answer)


def _list(services: Services, token: ReadToken) -> dict[str, Any]:
    with services.database.reading() as unit:
        decider = _decider(unit, token)
        waiting = services.elsewhere.backchannel.waiting(unit, decider.user_id)
    asked = [(request, client) for request in waiting if (client := _asking(services, request)) is not None]
    return {"approvals": [_document(services, request, client) for request, client in asked]}


def _decide(services: Services, request: Request, token: ReadToken) -> dict[str, Any]:
    reference, decision = _wish(request)
    backchannel = services.elsewhere.backchannel
    try:
        with services.database.unit() as unit:
            decider = _decider(unit, token)
            found = backchannel.find(unit, decider.user_id, reference)
            client = _asking(services, found) if found is not None else None
            if found is None or client is None:
                raise NotFound("No such request waits for you")
            if decision == "allow":
                backchannel.allow(unit, found, client, decider)
            else:
                backchannel.deny(unit, found, decider)
            return {"id": found.id, "decision": decision}
    except ProtocolError as error:
        raise ConflictError(error.description) from error


def _decider(unit: Unit, token: ReadToken) -> Decider:
    """Whoever the token was given by, while the session in which they signed in is open."""
    grant = unit.grants.find(token.grant_id) if token.grant_id is not None else None
    if grant is None or grant.user_id is None or grant.session_id is None:
        raise AuthorizationError("This takes a token of a person who is signed in")
    if token.standing is None or not session_is_open(token.standing):
        raise AuthorizationError("The session of this token is over: sign in again")
    amr = tuple(grant.amr)
    return Decider(grant.user_id, grant.session_id, grant.organization_id, grant.auth_time, grant.acr, amr)


def _wish(request: Request) -> tuple[str, str]:
    """Which request, and what of it: `id` or `auth_req_id`, and `decision`."""
    try:
        body = orjson.loads(request.body)
    except orjson.JSONDecodeError as error:
        raise ValidationError("body must be JSON", field="body") from error
    if not isinstance(body, dict):
        raise ValidationError("body must be a JSON object", field="body")
    given = [body[name] for name in ("id", "auth_req_id") if name in body]
    if len(given) != 1 or not isinstance(given[0], str) or not given[0] or not given[0].isprintable():
        raise ValidationError("id or auth_req_id must name one request", field="id")
    if body.get("decision") not in DECISIONS:
        raise ValidationError(f"decision must be {' or '.join(DECISIONS)}", field="decision")
    return given[0], body["decision"]


def _asking(services: Services, request: BackchannelRequest) -> Client | None:
    """Who asks, if they may still: as on the page, nothing else is shown or answered."""
    client = services.clients.find(request.client_id)
    return client if client is not None and client.may_ask_in_background else None


def _document(services: Services, request: BackchannelRequest, client: Client) -> dict[str, Any]:
    details = authorization_details.descriptions(request.authorization_details, services.catalog.current())
    return {
        "id": request.id,
        "client_id": request.client_id,
        "client_name": client.name,
        "binding_message": request.binding_message,
        "scope": request.scope,
        "resources": list(request.resources),
        "authorization_details": request.authorization_details or [],
        "details": [_in_words(detail) for detail in details],
        "created_at": request.created_at.isoformat(timespec="seconds"),
        "expires_at": request.expires_at.isoformat(timespec="seconds"),
    }


def _in_words(detail: Described) -> dict[str, Any]:
    """What is asked for in detail, as the page says it."""
    return {"name": detail.name, "words": detail.words, "members": dict(detail.members)}


def _refused(error: ApplicationError) -> Response:
    """The error body of the JSON API."""
    is_validation = isinstance(error, ValidationError)
    body: dict[str, Any] = {
        "statusCode": error.status,
        "message": [error.message] if is_validation else error.message,
        "error": REASONS.get(error.status, ""),
        "code": error.code,
        "correlationId": current().correlation_id,
    }
    if is_validation:
        body["details"] = [{"field": error.field, "code": error.code}]
    return json_response(body, error.status)
