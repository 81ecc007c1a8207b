"""The Flask application that carries the pages and the JSON API.

A view is a function of our own frozen request; Flask routes it, Talisman and
Flask-Limiter guard it, and the answer is written back byte for byte. Errors
leave Flask: the chain around it renders them.
"""

from __future__ import annotations

from collections.abc import Callable

import flask
from flask_limiter import Limiter, RequestLimit
from flask_talisman import Talisman
from werkzeug.routing import BaseConverter

from authserver.edge.headers import TABLE, Kind
from authserver.edge.rate_limit import refusal
from authserver.edge.refusals import Refusals
from authserver.edge.routes import Route, Routes
from authserver.edge.wsgi_handler import REQUEST
from authserver.protocol.messages import Request, Response
from authserver.risk.rate_limits import RateLimiter
from authserver.settings.schema import Settings
from authserver.web import page_limits
from authserver.web.cookies import Cookies


class _Below(BaseConverter):
    """Whatever is below a prefix, empty or with slashes of its own: the table has matched it already."""

    regex = ".*"
    part_isolating = False


def create(settings: Settings, routes: Routes, limiter: RateLimiter, refusals: Refusals) -> flask.Flask:
    """A Flask application with `routes`; requests reach it through the edge alone."""
    app = flask.Flask("authserver", static_folder=None, template_folder=None)
    app.config.update(PROPAGATE_EXCEPTIONS=True, RATELIMIT_HEADERS_ENABLED=False)
    app.url_map.strict_slashes, app.url_map.merge_slashes = True, False
    app.url_map.converters["below"] = _Below
    talisman = guard(app)
    limit(app, settings, limiter, refusals, lambda: routes.kind_of(_request().path) == "page")
    for route in routes:
        mount(app, route, talisman)
    return app


def guard(app: flask.Flask) -> Talisman:
    """Talisman, told what the edge's table of headers says.

    The edge redirects before Flask is asked, so `force_https` and HSTS stay with it; Talisman would believe a
    client's X-Forwarded-Proto. A page brings the policy for what it shows, which Talisman would replace.
    """
    table = dict(TABLE["page"])
    return Talisman(
        app,
        force_https=False,
        strict_transport_security=False,
        session_cookie_secure=False,
        content_security_policy=False,
        frame_options=table["X-Frame-Options"],
        referrer_policy=table["Referrer-Policy"],
        permissions_policy=table["Permissions-Policy"],
    )


def limit(
    app: flask.Flask, settings: Settings, limiter: RateLimiter, refusals: Refusals, is_page: Callable[[], bool]
) -> None:
    """Flask-Limiter: what one browser does on all pages together, counted where everything is counted.

    Without cookies, which a stranger may leave out, the address counts, as in the chain before.
    """
    cookies = Cookies(settings.issuer)

    def refuse(breached: RequestLimit) -> flask.Response:
        exceeded = page_limits.exceeded(breached)
        return _written(refusals(_request(), refusal(exceeded)))

    Limiter(
        key_func=lambda: page_limits.subject(_request(), cookies),
        app=app,
        application_limits=[settings.rate_limit_user],
        application_limits_exempt_when=lambda: not is_page(),
        storage_uri=page_limits.URI,
        storage_options={page_limits.OPTION: limiter},  # type: ignore[dict-item]
        strategy="moving-window",
        on_breach=refuse,
        enabled=settings.rate_limits,
        swallow_errors=True,
    )


def mount(app: flask.Flask, route: Route, talisman: Talisman) -> None:
    """Route a path to a handler of frozen requests, guarded as its kind asks."""
    app.add_url_rule(
        f"{route.path}<below:rest>" if route.prefix else route.path,
        endpoint=f"{route.path}:{','.join(route.methods)}",
        view_func=talisman(**_options(route.kind))(_view(route.handler)),
        methods=list(route.methods),
        provide_automatic_options=False,
    )


def _options(kind: Kind) -> dict[str, str | None]:
    """What Talisman does differently for answers of a kind; nothing else of it varies."""
    return {"frame_options": dict(TABLE[kind]).get("X-Frame-Options")}


def _request() -> Request:
    found: Request = flask.request.environ[REQUEST]
    return found


def _view(handler: Callable[[Request], Response]) -> Callable[..., flask.Response]:
    def view(**_: str) -> flask.Response:
        return _written(handler(_request()))

    return view


def _written(answer: Response) -> flask.Response:
    response = flask.Response(answer.body, answer.status)
    response.headers.clear()
    for name, value in answer.headers:
        response.headers.add(name, value)
    return response
