"""The Flask application that carries the pages and the JSON API.

A view is a function of our own frozen request; Flask routes it, Talisman and
Flask-Limiter guard it, and the answer is written back byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import flask
from flask_limiter import Limiter
from flask_talisman import Talisman

from authserver.edge.headers import TABLE
from authserver.edge.routes import Route
from authserver.edge.wsgi_handler import REQUEST
from authserver.protocol.messages import Request, Response
from authserver.settings.schema import Settings


def create(settings: Settings, routes: Iterable[Route]) -> flask.Flask:
    """A Flask application with `routes`; requests reach it through the edge alone."""
    app = flask.Flask("authserver", static_folder=None, template_folder=None)
    app.config.update(RATELIMIT_ENABLED=settings.rate_limits, RATELIMIT_HEADERS_ENABLED=False)
    guard(app, settings)
    for route in routes:
        mount(app, route)
    return app


def guard(app: flask.Flask, settings: Settings) -> None:
    """Talisman and Flask-Limiter, both told what the edge's tables say.

    The edge redirects and limits before Flask is asked, so `force_https` and
    HSTS stay with it; Talisman would believe a client's X-Forwarded-Proto.
    """
    table = dict(TABLE["page"])
    Talisman(
        app,
        force_https=False,
        strict_transport_security=False,
        session_cookie_secure=False,
        content_security_policy=False,
        frame_options=table["X-Frame-Options"],
        referrer_policy=table["Referrer-Policy"],
        permissions_policy=False,
    )
    Limiter(
        key_func=_address,
        app=app,
        default_limits=[settings.rate_limit_user],
        storage_uri=settings.redis_url or "memory://",
        strategy="moving-window",
        swallow_errors=True,
    )


def mount(app: flask.Flask, route: Route) -> None:
    """Route a path to a handler of frozen requests."""
    rule = f"{route.path}<path:rest>" if route.prefix else route.path
    app.add_url_rule(
        rule,
        endpoint=f"{route.path}:{','.join(route.methods)}",
        view_func=_view(route.handler),
        methods=list(route.methods),
        provide_automatic_options=False,
    )


def _address() -> str:
    return flask.request.remote_addr or "unknown"


def _view(handler: Callable[[Request], Response]) -> Callable[..., flask.Response]:
    def view(**_: str) -> flask.Response:
        answer = handler(flask.request.environ[REQUEST])
        response = flask.Response(answer.body, answer.status)
        response.headers.clear()
        for name, value in answer.headers:
            response.headers.add(name, value)
        return response

    return view
