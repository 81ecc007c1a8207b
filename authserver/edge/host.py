"""Answers for the names of this server only.

A foreign Host would not reach a link, an issuer or a cookie anyhow, because
those come from configuration; refusing it also stops DNS rebinding against a
server on a private address.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from urllib.parse import quote, urlsplit

from authserver.edge.chain import Handler
from authserver.edge.refusals import Refusal, Refusals
from authserver.edge.routes import Route
from authserver.protocol.messages import Request, Response, redirect

_DEFAULT_PORTS = {"http": "80", "https": "443"}


class Host:
    """The link.

    Args:
        issuer: whose host and port are always answered.
        aliases: further addresses of the server.
        allowed: further values of the header; without a port they hold for every port.
        development: whether pages under a foreign name lead to the issuer's instead of being refused.
        find: the row of a path.
    """

    def __init__(
        self,
        issuer: str,
        aliases: Iterable[str],
        allowed: Iterable[str],
        *,
        development: bool,
        find: Callable[[str], Route | None],
        refusals: Refusals,
    ) -> None:
        self._known = frozenset(name for address in (issuer, *aliases) for name in _names(address))
        self._allowed = frozenset(entry.lower() for entry in allowed)
        self._origin = "://".join(urlsplit(issuer)[:2])
        self._development = development
        self._find = find
        self._refusals = refusals

    def __call__(self, request: Request, next_: Handler) -> Response:
        """Refuse a Host that is not ours with 400; in development lead pages to the right one."""
        if request.host in self._known or self._is_known(request.host):
            return next_(request)
        route = self._find(request.path)
        if route is not None and route.any_host:
            return next_(request)
        if self._development and request.method == "GET" and (route is None or route.kind == "page"):
            return redirect(
                self._origin + quote(request.path) + (f"?{request.query_string}" if request.query_string else "")
            )
        text = "This server does not answer for this Host. It does for that of its issuer and for those it was told"
        refusal = Refusal(
            400, "invalid_request", text, reason="host_unknown", spec="RFC 9110 §7.2", setting="allowed_hosts"
        )
        return self._refusals(request, refusal)

    def _is_known(self, host: str) -> bool:
        lowered = host.lower()
        return lowered in self._known or lowered in self._allowed or lowered.rpartition(":")[0] in self._allowed


def _names(address: str) -> tuple[str, ...]:
    """The values of Host that mean `address`: the default port may be said or left out (RFC 9110 §4.2.3)."""
    parts = urlsplit(address)
    netloc = parts.netloc.lower()
    default = _DEFAULT_PORTS.get(parts.scheme, "")
    if parts.port is None:
        return (netloc, f"{netloc}:{default}")
    return (netloc, netloc.removesuffix(f":{default}"))
