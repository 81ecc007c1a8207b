"""The composition root: what is mounted where, in order. No decisions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.metadata import version

import flask

from authserver.edge import assembly
from authserver.edge.adapter import Application
from authserver.edge.chain import Handler
from authserver.edge.refusals import PageRenderer, Refusal, Refusals
from authserver.edge.routes import Route, Routes
from authserver.edge.wsgi_handler import WSGIHandler, environ_of
from authserver.endpoints import (
    approvals,
    check_session,
    device_authorization,
    introspect,
    jwks,
    metadata,
    protected_resource,
    pushed_requests,
    registration,
    revoke,
    token,
    userinfo,
)
from authserver.endpoints.authorize import AuthorizeEndpoint
from authserver.endpoints.backchannel_authentication import BackchannelAuthenticationEndpoint
from authserver.endpoints.logout import LogoutEndpoint
from authserver.interaction.approvals import Approvals
from authserver.interaction.change_password import ChangePasswordStep
from authserver.interaction.consent import ConsentStep
from authserver.interaction.device import Device
from authserver.interaction.home import Home
from authserver.interaction.login import LoginStep
from authserver.interaction.select_account import SelectAccountStep
from authserver.interaction.signed_out import SignedOut
from authserver.ops.components import components
from authserver.ops.health import Health
from authserver.ops.metrics import Metrics
from authserver.ops.serving import METRICS_DIRECTORY
from authserver.playground import addresses as playground_addresses
from authserver.playground.endpoint import Playground
from authserver.protocol.messages import Request, Response
from authserver.risk.rate_limits import RateLimiter, rate_limiter
from authserver.services import Services, wire
from authserver.settings.schema import Settings
from authserver.web import flask_application, paths
from authserver.web.assets import STATIC_PREFIX
from authserver.web.border import Border, border
from authserver.web.page_values import ErrorPage

GET, POST = ("GET",), ("POST",)
BOTH = ("GET", "POST")

PATH_KEPT = 200
"""Characters of a refused path that are kept for its explanation."""


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
    device_codes = device_authorization.endpoint(services)
    return (
        Route(BOTH, "/oauth2/authorize", authorize, kind="page", limit="authorize"),
        Route(GET, "/oauth2/authorize/resume", authorize.resume, kind="page", limit="authorize"),
        Route(POST, "/oauth2/par", pushed_requests.endpoint(services), cors="client", limit="token"),
        Route(POST, "/oauth2/token", token.endpoint(services), cors="client", limit="token"),
        *(
            Route(POST, path, device_codes, cors="client", limit="token")
            for path in ("/oauth2/device_authorization", "/oauth2/device/authorize")
        ),
        Route(BOTH, approvals.PATH, approvals.endpoint(services), limit="default"),
        Route(POST, "/oauth2/bc-authorize", BackchannelAuthenticationEndpoint(services).handler(), limit="token"),
        Route(POST, "/oauth2/introspect", introspect.endpoint(services), limit="introspect"),
        Route(POST, "/oauth2/revoke", revoke.endpoint(services), cors="client", limit="revoke"),
        Route(BOTH, "/oauth2/userinfo", userinfo.endpoint(services), cors="client", limit="userinfo"),
        Route(BOTH, "/oauth2/logout", logout, kind="page"),
        Route(GET, paths.CHECK_SESSION, check_session.endpoint(side), kind="frame"),
        *protected_resources(services),
        Route(POST, registration.PATH, registration.registration(services), cors="public", limit="register"),
        Route(
            ("GET", "PUT", "DELETE"),
            registration.MANAGEMENT,
            registration.management(services),
            cors="public",
            prefix=True,
        ),
        *(
            Route(GET, f"/.well-known/{name}", handler, cors="public", limit="metadata", compressible=True)
            for name, handler in (
                ("openid-configuration", documents),
                ("oauth-authorization-server", documents),
                ("jwks.json", keys),
            )
        ),
    )


def protected_resources(services: Services) -> tuple[Route, ...]:
    """Metadata of resources, alone and with the path of a resource behind (RFC 9728 §3.1)."""
    described = protected_resource.endpoint(services)
    path = protected_resource.PATH
    return (
        Route(GET, path, described, cors="public", limit="metadata", compressible=True),
        Route(GET, f"{path}/", described, cors="public", limit="metadata", compressible=True, prefix=True),
    )


def page_routes(side: Border, limiter: RateLimiter) -> tuple[Route, ...]:
    """The pages, the static files and what operators ask."""
    steps = (LoginStep(side), ConsentStep(side), SelectAccountStep(side), ChangePasswordStep(side))
    device = Device(side, limiter)
    return (
        Route(GET, "/", Home(side), kind="page"),
        *(
            Route(BOTH, step.path, step, kind="page", limit="login" if step.name == "login" else "default")
            for step in steps
        ),
        *(Route(BOTH, path, device, kind="page") for path in (paths.DEVICE, "/oauth2/device/verify")),
        Route(BOTH, paths.APPROVALS, Approvals(side), kind="page"),
        Route(GET, paths.SIGNED_OUT, SignedOut(side), kind="page"),
        Route(GET, STATIC_PREFIX, side.pages.assets.respond, kind="asset", limit="", prefix=True),
    )


def playground_routes(side: Border, server: Handler) -> tuple[Route, ...]:
    """The playground, where it is on."""
    if not side.services.settings.playground:
        return ()
    playground = Playground(side, server)
    return (
        Route(BOTH, playground_addresses.START, playground.start, kind="page"),
        Route(BOTH, playground_addresses.CALLBACK, playground.callback, kind="page"),
        Route(BOTH, playground_addresses.RUN, playground.run, kind="page"),
    )


def operations_routes(services: Services) -> tuple[Route, ...]:
    """Health and metrics, probed by address."""
    settings = services.settings
    health = Health(components(settings, services.database, services.waiting_events), version=version("authserver"))
    metrics = Metrics(settings.instance_dir / METRICS_DIRECTORY, settings.metrics_token)
    return (*health.routes(), *metrics.routes())


def mount(settings: Settings, services: Services | None = None) -> Mounted:
    """Put the server together: the same rows and the same chain twice, once with the machine routes outside Flask."""
    services = services or wire(settings)
    side = border(services)
    limiter = rate_limiter(settings, services.database)
    machine = (*machine_routes(side), *operations_routes(services))

    def server(request: Request) -> Response:
        """The whole server, for the relying party inside it."""
        status, headers, body = thin.exchange(environ_of(request))
        return Response(status, tuple(headers), body)

    pages = (*page_routes(side, limiter), *playground_routes(side, server))

    page = PageRenderer(
        explain=lambda request, refusal: _explained(services, request, refusal),
        render=lambda request, refusal, reference: _refusal_page(side, request, refusal, reference),
    )
    table = Routes((*machine, *pages))
    flask_app = flask_application.create(settings, table, limiter, Refusals(table.kind_of, page))
    in_flask = WSGIHandler(flask_app.wsgi_app)
    shown = tuple(replace(route, handler=in_flask) for route in pages)
    routes = Routes((*machine, *shown))
    everything = Routes((*(replace(route, handler=in_flask) for route in machine), *shown))
    flask_app.wsgi_app = edge(services, everything, limiter, page)  # type: ignore[method-assign]
    thin = edge(services, routes, limiter, page)
    return Mounted(services, side, routes, thin, flask_app)


def edge(services: Services, routes: Routes, limiter: RateLimiter, page: PageRenderer) -> Application:
    """The one chain around everything."""
    return assembly.application(
        services.settings,
        routes,
        limiter,
        origin_registered=lambda origin: origin in services.clients.origins(),
        page=page,
    )


def _explained(services: Services, request: Request, refusal: Refusal) -> str:
    """The reference behind which is kept why the edge refused a request, as for every other refusal."""
    return services.explanations.keep_words(
        refusal.code,
        refusal.description,
        refusal.reason,
        "edge",
        spec=refusal.spec,
        setting=refusal.setting,
        details={"method": request.method, "path": request.path[:PATH_KEPT]},
    )


def _refusal_page(side: Border, request: Request, refusal: Refusal, reference: str) -> Response:
    """What the edge refuses, as a page."""
    retry_after = next((int(value) for name, value in refusal.headers if name == "Retry-After"), 0)
    page = ErrorPage(code=refusal.code, reference=reference, description=refusal.description, retry_after=retry_after)
    return side.pages.render(page, request, status=refusal.status)


def rehearse(settings: Settings) -> None:
    """Build the server and let it go: a process that was forked afterwards has less to prepare and to hold.

    Nothing stays open; no connection is made and no thread started.
    """
    mount(settings).services.close()


def create_app(settings: Settings | None = None) -> flask.Flask:
    """The Flask application with everything mounted, for servers and tests that want Flask."""
    return mount(settings or _load()).flask_app


def _load() -> Settings:
    from authserver.settings import load

    return load()
