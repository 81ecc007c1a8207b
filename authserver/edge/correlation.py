"""Gives every request an id, binds it for logs and events, and says it in the answer."""

from __future__ import annotations

import os
import secrets
import string
from itertools import count

from authserver.edge.chain import Handler, amended
from authserver.protocol.limits import CORRELATION_ID_LENGTH
from authserver.protocol.messages import Request, Response
from authserver.telemetry import context

HEADER = "X-Request-ID"
_ALLOWED = frozenset(string.ascii_letters + string.digits + "-._~:/+=@")


def correlation(request: Request, next_: Handler) -> Response:
    """Take the caller's X-Request-ID if it is harmless in a log line and a page, else make one."""
    given = request.headers.get("x-request-id")
    identifier = given if given and is_acceptable(given) else _ids.next()
    agent = request.headers.get("user-agent", "")
    bound = context.RequestContext(identifier, request.remote_address, agent)
    with context.bind(bound):
        response = next_(amended(request, correlation_id=identifier))
    return Response(response.status, (*response.headers, (HEADER, identifier)), response.body)


def is_acceptable(identifier: str) -> bool:
    """Whether a foreign id is short and of plain characters."""
    return len(identifier) <= CORRELATION_ID_LENGTH and _ALLOWED.issuperset(identifier)


class _Identifiers:
    """Ids that are unique among all processes: a random part for each process and a running number.

    They name requests and prove nothing, so they need no randomness of their own, which would cost a system call.
    """

    def __init__(self) -> None:
        self.renew()
        os.register_at_fork(after_in_child=self.renew)

    def renew(self) -> None:
        """Draw a new random part, in a forked child above all."""
        self._process = secrets.token_hex(8)
        self._numbers = count(1)

    def next(self) -> str:
        """An id that was never given before."""
        return f"{self._process}-{next(self._numbers):06x}"


_ids = _Identifiers()
