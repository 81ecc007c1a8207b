"""Gives every request an id, binds it for logs and events, and says it in the answer."""

from __future__ import annotations

import string

from authserver.edge.chain import Handler, amended
from authserver.edge.limits_table import CORRELATION_ID_LENGTH
from authserver.protocol.identifiers import new_id
from authserver.protocol.messages import Request, Response
from authserver.telemetry import context

HEADER = "X-Request-ID"
_ALLOWED = frozenset(string.ascii_letters + string.digits + "-._~:/+=@")


def correlation(request: Request, next_: Handler) -> Response:
    """Take the caller's X-Request-ID if it is harmless in a log line and a page, else make one."""
    given = request.headers.get("x-request-id")
    identifier = given if given and is_acceptable(given) else new_id()
    agent = request.headers.get("user-agent", "")
    bound = context.RequestContext(identifier, request.remote_address, agent)
    with context.bind(bound):
        response = next_(amended(request, correlation_id=identifier))
    return Response(response.status, (*response.headers, (HEADER, identifier)), response.body)


def is_acceptable(identifier: str) -> bool:
    """Whether a foreign id is short and of plain characters."""
    return len(identifier) <= CORRELATION_ID_LENGTH and _ALLOWED.issuperset(identifier)
