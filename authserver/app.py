"""The composition root: what is mounted where, in order. No decisions."""

from __future__ import annotations

from dataclasses import dataclass

import flask

from authserver.edge.access_log import access_log
from authserver.edge.adapter import Application
from authserver.edge.body import BodyReader
from authserver.edge.chain import Handler, Link
from authserver.edge.compression import Compression
from authserver.edge.correlation import correlation
from authserver.edge.cors import CORS
from authserver.edge.faults import Faults
from authserver.edge.headers import table_for
from authserver.edge.host import Host
from authserver.edge.metrics import Metrics
from authserver.edge.proxies import Proxies
from authserver.edge.rate_limit import RateLimit
from authserver.edge.refusals import Refusal, Refusals
from authserver.edge.routes import Route, Routes
from authserver.edge.security_headers import SecurityHeaders
from authserver.edge.size import Size
from authserver.edge.wsgi_handler import WSGIHandler
from authserver.endpoints import introspect, jwks, metadata, revoke, token, userinfo
from authserver.endpoints.authorize import AuthorizeEndpoint
from authserver.endpoints.logout import LogoutEndpoint
from authserver.interaction.change_password import ChangePasswordStep
from authserver.interaction.consent import ConsentStep
from authserver.interaction.home import Home
from authserver.interaction.login import LoginStep
from authserver.interaction.select_account import SelectAccountStep
from authserver.ops.health import Health
from authserver.ops.metrics import MetricsEndpoint
from authserver.protocol.messages import Request, Response
from authserver.risk.rate_limits import rate_limiter
from authserver.services import Services, wire
from authserver.settings.schema import Settings
from authserver.web import flask_application
from authserver.web.assets import STATIC_PREFIX
from authserver.web.border import Border, border
from authserver.web.page_values import ErrorPage

GET, POST = ("GET",), ("POST",)
BOTH = ("GET", "POST")


@dataclass(frozen=True, slots=True)
class Mounted:
    """The server, put together: `thin` answers machines without Flask, `flask_app` answers everything through it."""

    services: Services
    border: Border
    routes: Routes
    thin: Application
    flask_app: flask.Flask


def machine_routes(side: Border) -> tuple[Route, ...]:
    """The protocol endpoints: answered without Flask by the thin adapter, mounted in Flask too."""
    services = side.services
    authorize, logout = AuthorizeEndpoint(side), LogoutEndpoint(side)
    documents, keys = metadata.endpoint(side), jwks.endpoint(services)
    return (
        Route(BOTH, "/oauth2/authorize", authorize, kind="page", limit="authorize"),
        Route(GET, "/oauth2/authorize/resume", authorize.resume, kind="page", limit="authorize"),
        Route(POST, "/oauth2/token", token.endpoint(services), cors="client", limit="token"),
        Route(POST, "/oauth2/introspect", introspect.endpoint(services), limit="introspect"),
        Route(POST, "/oauth2/revoke", revoke.endpoint(services), cors="client", limit="revoke"),
        Route(BOTH, "/oauth2/userinfo", userinfo.endpoint(services), cors="client", limit="userinfo"),
        Route(BOTH, "/oauth2/logout", logout, kind="page"),
        *(
            Route(GET, f"/.well-known/{name}", handler, cors="public", limit="metadata", compressible=True)
            for name, handler in (
                ("openid-configuration", documents),
                ("oauth-authorization-server", documents),
                ("jwks.json", keys),
            )
        ),
    )


def page_routes(side: Border) -> tuple[Route, ...]:
    """The pages, the static files and what operators ask."""
    steps = (LoginStep(side), ConsentStep(side), SelectAccountStep(side), ChangePasswordStep(side))
    return (
        Route(GET, "/", Home(side), kind="page"),
        *(
            Route(BOTH, step.path, step, kind="page", limit="login" if step.name == "login" else "default")
            for step in steps
        ),
        Route(GET, STATIC_PREFIX, side.pages.assets.respond, kind="asset", limit="", prefix=True),
    )


def operations_routes(services: Services) -> tuple[Route, ...]:
    """Health and metrics, probed by address."""
    health, metrics = Health(services.settings, services.database), MetricsEndpoint(services.settings)
    probes = (
        ("/health", health.report),
        ("/api/v1/health", health.report),
        ("/health/live", health.live),
        ("/health/ready", health.ready),
        ("/metrics", metrics),
        ("/api/v1/metrics", metrics),
    )
    return tuple(Route(GET, path, handler, limit="", any_host=True) for path, handler in probes)


def mount(settings: Settings, services: Services | None = None) -> Mounted:
    """Put the server together."""
    services = services or wire(settings)
    side = border(services)
    machine = (*machine_routes(side), *operations_routes(services))
    pages = page_routes(side)
    flask_app = flask_application.create(settings, (*machine, *pages))
    inner = flask_app.wsgi_app
    in_flask = WSGIHandler(inner)
    shown = tuple(_through(route, in_flask) for route in pages)
    routes = Routes((*machine, *shown))
    everything = Routes(tuple(_through(route, in_flask) for route in (*machine, *pages)))
    thin = edge(settings, side, routes, routes.handle)
    flask_app.wsgi_app = edge(settings, side, everything, everything.handle)  # type: ignore[method-assign]
    return Mounted(services, side, routes, thin, flask_app)


def _through(route: Route, handler: Handler) -> Route:
    """The same row, answered by Flask."""
    return Route(
        route.methods,
        route.path,
        handler,
        route.kind,
        route.cors,
        route.limit,
        route.compressible,
        route.any_host,
        route.prefix,
    )


def edge(settings: Settings, side: Border, routes: Routes, handler: Handler) -> Application:
    """The one chain around everything, outermost link first."""
    refusals = Refusals(routes.kind_of, lambda request, refusal: _refusal_page(side, request, refusal))
    services = side.services
    links: tuple[Link, ...] = (
        Proxies(settings.trusted_proxies),
        correlation,
        access_log,
        Metrics(routes.find),
        SecurityHeaders(table_for(https=settings.issuer.startswith("https:")), routes.kind_of),
        Faults(refusals),
        Compression(routes.find),
    )
    checks: tuple[Link, ...] = (
        Host(
            settings.issuer,
            settings.issuer_aliases,
            settings.allowed_hosts,
            development=settings.environment == "development",
            find=routes.find,
            refusals=refusals,
        ),
        Size(refusals),
        CORS(routes, lambda origin: origin in services.clients.origins(), settings.cors_origins),
        RateLimit(rate_limiter(settings, services.database), routes.find, refusals),
    )
    body = BodyReader(settings.max_body_bytes, settings.body_timeout, settings.threads)
    return Application(links, checks, handler, body, refusals)


def _refusal_page(side: Border, request: Request, refusal: Refusal) -> Response:
    """What the edge refuses, as a page; its reference is the correlation id, under which the log tells more."""
    retry_after = next((int(value) for name, value in refusal.headers if name == "Retry-After"), 0)
    page = ErrorPage(
        code=refusal.code, reference=request.correlation_id, description=refusal.description, retry_after=retry_after
    )
    return side.pages.render(page, request, status=refusal.status)


def create_app(settings: Settings | None = None) -> flask.Flask:
    """The Flask application with everything mounted, for servers and tests that want Flask."""
    return mount(settings or _load()).flask_app


def _load() -> Settings:
    from authserver.settings import load

    return load()
