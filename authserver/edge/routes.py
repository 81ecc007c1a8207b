"""Which path is answered by what, and of which kind the answer is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from authserver.edge.chain import Handler
from authserver.edge.headers import Kind
from authserver.edge.refusals import Refusal
from authserver.protocol.messages import Request, Response

CrossOrigin = Literal["none", "public", "client", "application"]


@dataclass(frozen=True, slots=True)
class Route:
    """One row of the table.

    Attributes:
        methods: upper-case; GET includes HEAD.
        path: matched exactly; with a trailing `/` and `prefix`, everything below it.
        kind: decides the headers, and whether refusals are JSON or pages.
        cors: who may call from a script of another origin (`edge.cors`).
        limit: the name of the rate limit that counts here (`edge.rate_limit`); empty for none.
        compressible: whether answers may be compressed; never where a secret meets reflected input.
        any_host: whether a foreign Host is answered (health and metrics, probed by address).
    """

    methods: tuple[str, ...]
    path: str
    handler: Handler
    kind: Kind = "machine"
    cors: CrossOrigin = "none"
    limit: str = "default"
    compressible: bool = False
    any_host: bool = False
    prefix: bool = False


class Routes:
    """The table. `handle` is the innermost handler of the chain; `fallback` answers paths that are not listed."""

    def __init__(self, routes: Iterable[Route], fallback: Handler | None = None) -> None:
        self._rows: list[Route] = []
        self._exact: dict[str, Route] = {}
        self._handlers: dict[tuple[str, str], Handler] = {}
        self._methods: dict[str, tuple[str, ...]] = {}
        self._prefixes: list[Route] = []
        self._fallback = fallback
        for route in routes:
            self._add(route)

    def _add(self, route: Route) -> None:
        self._rows.append(route)
        if route.prefix:
            self._prefixes.append(route)
        else:
            self._exact.setdefault(route.path, route)
        known = self._methods.get(route.path, ())
        for method in route.methods:
            if (route.path, method) in self._handlers:
                raise ValueError(f"{method} {route.path} is routed twice")
            self._handlers[route.path, method] = route.handler
        self._methods[route.path] = (*known, *route.methods)

    def find(self, path: str) -> Route | None:
        """The row that decides kind, limits and CORS for `path`."""
        found = self._exact.get(path)
        if found is None:
            for route in self._prefixes:
                if path.startswith(route.path):
                    return route
        return found

    def kind_of(self, path: str) -> Kind:
        """The kind of answers under `path`; what is not listed is a page, unless it is below the API."""
        route = self.find(path)
        if route is not None:
            return route.kind
        return "machine" if path.startswith(("/api/", "/internal/", "/.well-known/", "/oauth2/")) else "page"

    def methods_of(self, path: str) -> tuple[str, ...]:
        """The methods answered under `path`, for Allow and for preflights."""
        route = self.find(path)
        return self._methods[route.path] if route is not None else ()

    def handle(self, request: Request) -> Response:
        """The answer of the listed handler or of the fallback.

        Raises:
            Refusal: 404 for an unknown path, 405 for an unknown method (RFC 9110 §15.5.6).
        """
        handler = self._handlers.get((request.path, request.method))
        if handler is not None:
            return handler(request)
        route = self.find(request.path)
        if route is None:
            if self._fallback is not None:
                return self._fallback(request)
            text = "There is nothing at this address. /.well-known/openid-configuration lists the endpoints"
            raise Refusal(404, "not_found", text, reason="path_unknown", spec="RFC 9110 §15.5.5")
        handler = self._handlers.get((route.path, request.method))
        return handler(request) if handler is not None else self._not_allowed(route, request)

    def _not_allowed(self, route: Route, request: Request) -> Response:
        methods = self._methods[route.path]
        allow = ("Allow", ", ".join(sorted({*methods, "OPTIONS"} | ({"HEAD"} if "GET" in methods else set()))))
        if request.method == "OPTIONS":
            return Response(204, (allow,))
        text = f"The method is not allowed here. This address takes {' and '.join(methods)}"
        spec = "RFC 9110 §15.5.6"
        raise Refusal(405, "invalid_request", text, (allow,), reason="method_not_allowed", spec=spec)

    def __iter__(self) -> Iterator[Route]:
        return iter(self._rows)
