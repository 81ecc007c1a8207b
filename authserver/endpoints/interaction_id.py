"""`x-fapi-interaction-id` at protected resources (FAPI 1.0 Baseline §6.2.1): client and server log the same name."""

from __future__ import annotations

import re
from typing import Final
from uuid import uuid4

from authserver.edge.chain import Handler
from authserver.protocol.messages import Request, Response

HEADER: Final = "x-fapi-interaction-id"
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


def named(handler: Handler) -> Handler:
    """`handler`, with the interaction of each request named in the answer.

    The client's own name is repeated if it is a UUID; nothing else of a client's making comes back.
    """

    def handle(request: Request) -> Response:
        sent = request.headers.get(HEADER, "")
        name = sent if _UUID.fullmatch(sent) else str(uuid4())
        return handler(request).with_headers((HEADER, name))

    return handle
