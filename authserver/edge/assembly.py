"""Puts the chain together: the links in their order, around the routes."""

from __future__ import annotations

from collections.abc import Callable

from authserver.edge.access_log import AccessLog
from authserver.edge.adapter import Application
from authserver.edge.body import BodyReader
from authserver.edge.compression import Compression
from authserver.edge.correlation import correlation
from authserver.edge.cors import CORS
from authserver.edge.faults import Faults
from authserver.edge.headers import table_for
from authserver.edge.host import Host
from authserver.edge.metrics import Metrics
from authserver.edge.proxies import Proxies
from authserver.edge.rate_limit import RateLimit
from authserver.edge.refusals import PageRenderer, Refusals
from authserver.edge.routes import Routes
from authserver.edge.security_headers import SecurityHeaders
from authserver.edge.size import Size
from authserver.risk.rate_limits import RateLimiter
from authserver.settings import Settings


def application(
    settings: Settings,
    routes: Routes,
    limiter: RateLimiter,
    *,
    origin_registered: Callable[[str], bool],
    page: PageRenderer | None = None,
) -> Application:
    """The WSGI callable that both servers run.

    `origin_registered` tells whether any client registered an origin, `page` renders what the edge refuses on pages.
    """
    refusals = Refusals(routes.kind_of, page)
    links = (
        Proxies(settings.trusted_proxies, settings.client_certificate_header),
        correlation,
        AccessLog(routes.find),
        Metrics(routes.find),
        SecurityHeaders(table_for(https=settings.is_https), routes.kind_of),
        Faults(refusals),
    )
    host = Host(
        settings.issuer,
        settings.addresses,
        settings.allowed_hosts,
        development=settings.environment == "development",
        find=routes.find,
        refusals=refusals,
    )
    checks = (
        Size(refusals),
        host,
        CORS(routes, origin_registered, settings.cors_origins),
        Compression(routes.find),
        RateLimit(limiter, routes.find, refusals),
    )
    body = BodyReader(settings.max_body_bytes, settings.body_timeout, settings.threads)
    return Application(links, checks, routes.handle, body, refusals)
