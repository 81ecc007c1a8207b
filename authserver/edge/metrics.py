"""Counts every request and how long its answer took, by route, method and status."""

from __future__ import annotations

import time
from collections.abc import Callable

from authserver.edge.chain import Handler
from authserver.edge.routes import Route
from authserver.protocol.messages import Request, Response
from authserver.telemetry import instruments

REQUESTS = instruments.counter(
    "authserver_http_requests_total", "Requests answered.", ("route", "method", "status"), max_series=1000
)
SECONDS = instruments.histogram("authserver_http_request_duration_seconds", "Time to the answer.", ("route", "method"))
UNLISTED = "unlisted"
_STATUS = [str(status) for status in range(1000)]
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """The link. What is not in the table counts under one name, so that nobody can invent series."""

    def __init__(self, find: Callable[[str], Route | None]) -> None:
        self._find = find

    def __call__(self, request: Request, next_: Handler) -> Response:
        """Measure the answer."""
        began = time.perf_counter()
        response = next_(request)
        elapsed = time.perf_counter() - began
        route = self._find(request.path)
        name = route.path if route is not None else UNLISTED
        method = request.method if request.method in _METHODS else "OTHER"
        REQUESTS.add(name, method, _STATUS[response.status])
        SECONDS.observe(elapsed, name, method)
        return response
