"""Entity tags: a caller who has the newest body already gets 304 without it (RFC 9110 §13.1.2)."""

from __future__ import annotations

import hashlib

from authserver.protocol.messages import Request, Response

_KEPT = frozenset({"cache-control", "content-location", "date", "etag", "expires", "vary"})


def etag_of(body: bytes) -> str:
    """The strong entity tag of a body."""
    return f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


def conditional(request: Request, response: Response) -> Response:
    """`response`, or 304 when If-None-Match names its ETag."""
    condition = request.headers.get("if-none-match")
    if condition is None or response.status != 200:
        return response
    tag = response.header("ETag")
    if tag is None or not matches(condition, tag):
        return response
    return Response(304, tuple(field for field in response.headers if field[0].lower() in _KEPT))


def matches(condition: str, tag: str) -> bool:
    """Weak comparison (RFC 9110 §8.8.3.2): If-None-Match is `*` or a list of tags."""
    if condition.strip() == "*":
        return True
    wanted = tag.removeprefix("W/")
    return any(part.strip().removeprefix("W/") == wanted for part in condition.split(","))
