"""Adds the headers of the table to every answer, unless it brings its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from authserver.edge.chain import Handler
from authserver.edge.headers import Fields, Kind
from authserver.protocol.messages import Request, Response

MAX_COMPLETED = 512
_INDIVIDUAL = frozenset(
    {"set-cookie", "location", "content-security-policy", "www-authenticate", "x-fapi-interaction-id"}
)


class SecurityHeaders:
    """The link; `table` has the headers by kind, `kind_of` the kind of a path."""

    def __init__(self, table: Mapping[Kind, Fields], kind_of: Callable[[str], Kind]) -> None:
        self._table = {
            kind: tuple((name.lower(), (name, value)) for name, value in fields) for kind, fields in table.items()
        }
        self._kind_of = kind_of
        self._completed: dict[tuple[Kind, Fields], Fields] = {}

    def __call__(self, request: Request, next_: Handler) -> Response:
        """Complete the headers of the answer."""
        response = next_(request)
        key = (self._kind_of(request.path), response.headers)
        fields = self._completed.get(key)
        if fields is None:
            fields = self._complete(*key)
        return Response(response.status, fields, response.body)

    def _complete(self, kind: Kind, fields: Fields) -> Fields:
        """The fields with those of the table; remembered, because most answers of an endpoint have the same ones."""
        present = {name.lower() for name, _ in fields}
        completed = (*fields, *(field for name, field in self._table[kind] if name not in present))
        if not present & _INDIVIDUAL:
            if len(self._completed) >= MAX_COMPLETED:
                self._completed.clear()
            self._completed[kind, fields] = completed
        return completed
