"""The numbers of all processes of this instance, as Prometheus text.

They tell a stranger what the server is used for, so only loopback and the
holder of the metrics token get them. Loopback means the connection itself: what
came through a proxy, even one on this machine, needs the token.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from itertools import accumulate
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from authserver.edge.proxies import MARK
from authserver.edge.routes import Route
from authserver.protocol.messages import NO_STORE, Request, Response, json_response
from authserver.telemetry import readings
from authserver.telemetry.readings import Family

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The endpoint.

    Args:
        directory: where the processes share their numbers; a missing one has none.
        token: the bearer token that opens it to others than loopback; empty for nobody.
    """

    def __init__(self, directory: Path, token: str) -> None:
        self._directory = directory
        self._token = token.encode()

    def routes(self) -> tuple[Route, ...]:
        """The paths scrapers ask."""
        return tuple(
            Route(("GET",), path, self.expose, limit="", any_host=True) for path in ("/metrics", "/api/v1/metrics")
        )

    def expose(self, request: Request) -> Response:
        """The text, or 401 with a challenge (RFC 6750 §3)."""
        if not self._may_read(request):
            body = {"error": "invalid_token", "error_description": "Metrics take loopback or the metrics token"}
            return json_response(body, 401).with_headers(("WWW-Authenticate", 'Bearer realm="metrics"'))
        return Response(200, (("Content-Type", CONTENT_TYPE), *NO_STORE), exposition(readings.merge(self._directory)))

    def _may_read(self, request: Request) -> bool:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._token:
            return hmac.compare_digest(given.strip().encode(), self._token)
        return MARK not in request.headers and _is_loopback(request.remote_address)


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address.removeprefix("::ffff:")).is_loopback
    except ValueError:
        return False


def exposition(families: Iterable[Family]) -> bytes:
    """`families` in the text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected(families))
    return generate_latest(registry)


class _Collected(Collector):
    def __init__(self, families: Iterable[Family]) -> None:
        self._families = list(families)

    def collect(self) -> Iterator[Metric]:
        """The families in the library's own form."""
        return map(_metric, self._families)


def _metric(family: Family) -> Metric:
    if family.kind == "histogram":
        histogram = HistogramMetricFamily(family.name, family.help, labels=family.labels)
        for values, cells in family.series.items():
            bounds = [*(repr(bound) for bound in family.buckets), "+Inf"]
            buckets = list(zip(bounds, accumulate(cells[:-1]), strict=True))
            histogram.add_metric(values, buckets, sum_value=cells[-1])
        return histogram
    metric: CounterMetricFamily | GaugeMetricFamily
    if family.kind == "counter":
        metric = CounterMetricFamily(family.name.removesuffix("_total"), family.help, labels=family.labels)
    else:
        metric = GaugeMetricFamily(family.name, family.help, labels=family.labels)
    for values, cells in family.series.items():
        metric.add_metric(values, cells[0])
    return metric
