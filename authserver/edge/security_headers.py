"""Adds the headers of the table to every answer, unless it brings its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from authserver.edge.chain import Handler
from authserver.edge.headers import Fields, Kind
from authserver.protocol.messages import Request, Response


class SecurityHeaders:
    """The link; `table` has the headers by kind, `kind_of` the kind of a path."""

    def __init__(self, table: Mapping[Kind, Fields], kind_of: Callable[[str], Kind]) -> None:
        self._table = {kind: tuple((name.lower(), (name, value)) for name, value in rows) for kind, rows in table.items()}
        self._kind_of = kind_of

    def __call__(self, request: Request, next_: Handler) -> Response:
        """Complete the headers of the answer."""
        response = next_(request)
        present = {name.lower() for name, _ in response.headers}
        missing = [field for name, field in self._table[self._kind_of(request.path)] if name not in present]
        return Response(response.status, (*response.headers, *missing), response.body)
