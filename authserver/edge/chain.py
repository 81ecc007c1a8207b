"""Joins links into one handler."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from authserver.protocol.messages import Request, Response

Handler = Callable[[Request], Response]
Link = Callable[[Request, Handler], Response]

_DERIVED = ("query", "form", "cookies")


def chain(links: Sequence[Link], handler: Handler) -> Handler:
    """`handler` with `links` around it; the first link is the outermost."""
    for link in reversed(links):
        handler = _joined(link, handler)
    return handler


def _joined(link: Link, inner: Handler) -> Handler:
    def handle(request: Request) -> Response:
        return link(request, inner)

    return handle


def amended(request: Request, **changes: Any) -> Request:
    """`request` with other fields; a fifth of the cost of `dataclasses.replace`, and it runs for every request."""
    copy = object.__new__(Request)
    values = copy.__dict__
    values.update(request.__dict__)
    for name in _DERIVED:
        values.pop(name, None)
    values.update(changes)
    return copy
