"""One line for each answered request: what was asked, the answer, how long it took. Never a query or a body."""

from __future__ import annotations

import logging
import time

from authserver.edge.chain import Handler
from authserver.protocol.messages import Request, Response
from authserver.telemetry.logs import get_logger, write_access

_log = get_logger("authserver.access")


def access_log(request: Request, next_: Handler) -> Response:
    """Write the line after the answer is made."""
    if not _log.isEnabledFor(logging.INFO):
        return next_(request)
    began = time.perf_counter()
    response = next_(request)
    write_access(
        _log,
        {
            "method": request.method,
            "path": request.path,
            "status": response.status,
            "milliseconds": round((time.perf_counter() - began) * 1000, 2),
            "bytes": len(response.body),
            "address": request.remote_address,
        },
    )
    return response
