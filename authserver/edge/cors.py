"""Who may call from a script of another origin (Fetch Standard §3.2).

`public` (metadata, key set): everybody, without credentials. `client` (token,
UserInfo, revocation): a preflight names no client, so it is answered for any
registered origin; the request itself only for the client's own origins, which
the endpoint names in a private header that is taken off here. `application`
(JSON API): the configured origins, with credentials. Everything else: nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from authserver.edge.chain import Handler
from authserver.edge.headers import ALLOWED_ORIGINS
from authserver.edge.routes import CrossOrigin, Route, Routes
from authserver.protocol.messages import Request, Response

ALLOWED_HEADERS = "Authorization, Content-Type, DPoP, X-Request-ID"
EXPOSED_HEADERS = "DPoP-Nonce, Retry-After, WWW-Authenticate, X-Request-ID"
APPLICATION_HEADERS = "Authorization, Content-Type, X-CSRF-Token, X-Request-ID"
PREFLIGHT_SECONDS = "600"
_VARY = ("Vary", "Origin")
_EXPOSED = ("Access-Control-Expose-Headers", EXPOSED_HEADERS)
_PUBLIC = (("Access-Control-Allow-Origin", "*"), _EXPOSED)


class CORS:
    """The link.

    Args:
        routes: the table of paths.
        origin_registered: whether any client registered an origin.
        application_origins: the configured origins of the JSON API.
    """

    def __init__(
        self, routes: Routes, origin_registered: Callable[[str], bool], application_origins: Iterable[str]
    ) -> None:
        self._routes = routes
        self._origin_registered = origin_registered
        self._application_origins = frozenset(application_origins)

    def __call__(self, request: Request, next_: Handler) -> Response:
        """Answer preflights; add the headers that let the calling script read the answer."""
        route = self._routes.find(request.path)
        rule: CrossOrigin = route.cors if route is not None else "none"
        origin = request.headers.get("origin")
        if rule == "none":
            return next_(request)
        if route is not None and request.method == "OPTIONS" and origin:
            return self._preflight(route, origin)
        response = next_(request)
        if rule == "public":
            return Response(response.status, response.headers + _PUBLIC, response.body)
        return self._shared(rule, origin, response)

    def _preflight(self, route: Route, origin: str) -> Response:
        if not self._may_ask(route.cors, origin):
            return Response(204, (_VARY,))
        credentials = route.cors == "application"
        fields = [
            ("Access-Control-Allow-Origin", "*" if route.cors == "public" else origin),
            ("Access-Control-Allow-Methods", ", ".join(self._routes.methods_of(route.path))),
            ("Access-Control-Allow-Headers", APPLICATION_HEADERS if credentials else ALLOWED_HEADERS),
            ("Access-Control-Max-Age", PREFLIGHT_SECONDS),
            _VARY,
        ]
        if credentials:
            fields.append(("Access-Control-Allow-Credentials", "true"))
        return Response(204, tuple(fields))

    def _may_ask(self, rule: CrossOrigin, origin: str) -> bool:
        if rule == "public":
            return True
        if rule == "application":
            return origin in self._application_origins
        return self._origin_registered(origin)

    def _shared(self, rule: CrossOrigin, origin: str | None, response: Response) -> Response:
        """The answer of an endpoint that not everybody may read: readable for `origin` if it is one of those named."""
        named = response.header(ALLOWED_ORIGINS)
        fields = tuple(field for field in response.headers if field[0] != ALLOWED_ORIGINS)
        allowed = self._application_origins if rule == "application" else frozenset((named or "").split())
        if origin is None or origin not in allowed:
            return Response(response.status, (*fields, _VARY), response.body)
        fields = (*fields, _VARY, ("Access-Control-Allow-Origin", origin), _EXPOSED)
        if rule == "application":
            fields = (*fields, ("Access-Control-Allow-Credentials", "true"))
        return Response(response.status, fields, response.body)


def allowing(response: Response, origins: Iterable[str]) -> Response:
    """For endpoints: `response`, readable by scripts of the client's `origins`."""
    listed = " ".join(origins)
    return response.with_headers((ALLOWED_ORIGINS, listed)) if listed else response
