"""A small application behind the real edge, to see what the servers make of requests."""

from __future__ import annotations

import os
import time
from pathlib import Path

from authserver.edge.adapter import Application
from authserver.edge.body import BodyReader
from authserver.edge.correlation import correlation
from authserver.edge.faults import Faults
from authserver.edge.headers import table_for
from authserver.edge.proxies import Proxies
from authserver.edge.refusals import Refusals
from authserver.edge.routes import Route, Routes
from authserver.edge.security_headers import SecurityHeaders
from authserver.edge.size import Size
from authserver.protocol.messages import Request, Response, json_response

LIMIT = 65536
BODY_SECONDS = 1.5


def _show(request: Request) -> Response:
    return json_response(
        {
            "pid": os.getpid(),
            "parent": os.getppid(),
            "headers": dict(request.headers),
            "bytes": len(request.body),
            "certificate": request.client_certificate,
        }
    )


def _slow(request: Request) -> Response:
    """Say in a file that work has begun, then take a while: some seconds, or until another file is there."""
    Path(request.query.get("begun") or os.devnull).touch()
    time.sleep(float(request.query.get("seconds") or "0"))
    until = request.query.get("until")
    while until is not None and not Path(until).exists():
        time.sleep(0.02)
    return json_response({"pid": os.getpid()})


_routes = Routes(
    [
        Route(("GET", "POST"), "/show", _show),
        Route(("GET",), "/slow", _slow),
    ]
)
_refusals = Refusals(_routes.kind_of)

application = Application(
    (Proxies(), correlation, SecurityHeaders(table_for(https=False), _routes.kind_of), Faults(_refusals)),
    (Size(_refusals),),
    _routes.handle,
    BodyReader(LIMIT, BODY_SECONDS, threads=int(os.environ.get("EDGE_TEST_THREADS", "64"))),
    _refusals,
)
