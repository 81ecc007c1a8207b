"""Refuses callers that come too often: 429 with Retry-After and RateLimit-* (RFC 6585 §4).

Machine routes count per claimed client and address together, so that a stranger
who names a client cannot use up its allowance elsewhere; pages count per
address. Failures count per address apart, and only they do where a limit is
about failures: a gateway's successes never count against its address. Failed
client authentication counts alike at every endpoint, however much an endpoint
allows those who prove themselves; and what is no attempt to log in, but no good
request for the login page either, counts as any other page does.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable
from urllib.parse import unquote_plus

from authserver.edge.chain import Handler
from authserver.edge.headers import FAILURE
from authserver.edge.refusals import Refusal, Refusals
from authserver.edge.routes import Route
from authserver.protocol.messages import Request, Response
from authserver.risk.rate_limits import Exceeded, RateLimiter, address_subject

BY_FAILURE = frozenset({"login"})
"""Limits that count failed attempts alone."""
BY_CLIENT = frozenset({"token", "introspect", "revoke"})
FAILED = "failed "
GUESSES, BAD_REQUESTS = "token", "default"
"""The limits that failed client authentication and bad requests for the login page count against."""


class RateLimit:
    """The link; `find` gives the row of a path, whose `limit` names what is counted."""

    def __init__(self, limiter: RateLimiter, find: Callable[[str], Route | None], refusals: Refusals) -> None:
        self._limiter = limiter
        self._find = find
        self._refusals = refusals

    def __call__(self, request: Request, next_: Handler) -> Response:
        """Count the request, or its failure, against its caller."""
        route = self._find(request.path)
        name = route.limit if route is not None else "default"
        if not name or not self._limiter.enabled or request.method == "OPTIONS":
            return next_(request)
        address = address_subject(request.remote_address)
        exceeded = self._exceeded(name, request, address)
        if exceeded is not None:
            return self._refusals(request, refusal(exceeded))
        response = next_(request)
        limit, subject = _failure(name, address, response)
        if limit:
            self._limiter.fail(limit, subject)
        return response

    def _exceeded(self, name: str, request: Request, address: str) -> Exceeded | None:
        if name in BY_FAILURE:
            failed = self._limiter.check(name, address) if request.method == "POST" else None
            return failed or self._limiter.check(BAD_REQUESTS, _bad(name, address))
        if name in BY_CLIENT:
            client = claimed_client(request)
            subject = f"{client}@{address}" if client else address
            return self._limiter.check(GUESSES, _bad(name, address)) or self._limiter.hit(name, subject)
        return self._limiter.hit(name, address)


def refusal(exceeded: Exceeded) -> Refusal:
    """The 429 that says what the limit is and when to come again."""
    headers = (
        ("Retry-After", str(exceeded.retry_after)),
        ("RateLimit-Limit", str(exceeded.limit)),
        ("RateLimit-Remaining", "0"),
        ("RateLimit-Reset", str(exceeded.retry_after)),
        ("RateLimit-Policy", f'"{exceeded.name}";q={exceeded.limit};w={exceeded.window}'),
    )
    return Refusal(
        429,
        "slow_down",
        f"Too many requests. There may be {exceeded.limit} in {exceeded.window} seconds; "
        f"try again in {exceeded.retry_after} seconds",
        headers,
        reason="rate_limited",
        spec="RFC 6585 §4",
        setting=f"rate_limit_{exceeded.name}",
    )


def claimed_client(request: Request) -> str:
    """The client id the request names, proven or not; empty where it names none."""
    authorization = request.headers.get("authorization", "")
    if authorization[:6].lower() == "basic ":
        try:
            decoded = b64decode(authorization[6:], validate=True).decode("ascii")
        except (binascii.Error, ValueError):
            return ""
        return unquote_plus(decoded.partition(":")[0])
    return request.form.get("client_id") or ""


def _failure(name: str, address: str, response: Response) -> tuple[str, str]:
    """The limit that an answer counts against, and whose; empty where it does not."""
    if name in BY_FAILURE:
        if response.header(FAILURE) is not None:
            return name, address
        return (BAD_REQUESTS, _bad(name, address)) if response.status >= 400 else ("", "")
    return (GUESSES, _bad(name, address)) if name in BY_CLIENT and response.status == 401 else ("", "")


def _bad(name: str, address: str) -> str:
    return f"{FAILED}{name} {address}"
