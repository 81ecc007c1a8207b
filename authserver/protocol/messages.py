"""Frozen requests and responses. Rules see these and never a web framework."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from urllib.parse import parse_qsl

import orjson

from authserver.protocol.limits import FIELD_COUNT

FORM_CONTENT_TYPE = "application/x-www-form-urlencoded"
NO_STORE = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))


class Parameters:
    """The parameters of a query or form, in order, with repeats remembered.

    A parameter without a value counts as absent (RFC 6749 §3.1).
    """

    __slots__ = ("_pairs", "_values")

    def __init__(self, pairs: list[tuple[str, str]] | tuple[tuple[str, str], ...] = ()) -> None:
        self._pairs = tuple(pairs)
        values: dict[str, list[str]] = {}
        for name, value in self._pairs:
            if value:
                values.setdefault(name, []).append(value)
        self._values = values

    def get(self, name: str) -> str | None:
        """The first value of `name`, or None when it is absent or empty."""
        found = self._values.get(name)
        return found[0] if found else None

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of `name`, for the few parameters that may repeat (RFC 8707 §2)."""
        return tuple(self._values.get(name, ()))

    @property
    def repeated(self) -> frozenset[str]:
        """The names that came more than once."""
        return frozenset(name for name, values in self._values.items() if len(values) > 1)

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Every pair as it came, empty values included."""
        return self._pairs

    def only(self, names: Collection[str]) -> Parameters:
        """Those of `names` that have a value."""
        return Parameters([pair for pair in self._pairs if pair[1] and pair[0] in names])

    def names(self) -> frozenset[str]:
        """The names that have a value."""
        return frozenset(self._values)

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __repr__(self) -> str:
        return f"Parameters({sorted(self._values)})"

    @classmethod
    def parse(cls, encoded: str) -> Parameters:
        """Parse `application/x-www-form-urlencoded` text.

        Raises:
            ValueError: more than `FIELD_COUNT` fields, bytes that are not UTF-8, or a NUL, which no database stores.
        """
        if not encoded:
            return cls()
        pairs = parse_qsl(encoded, keep_blank_values=True, max_num_fields=FIELD_COUNT, errors="strict")
        if "%00" in encoded or "\0" in encoded:
            raise ValueError("a parameter has a NUL character")
        return cls(pairs)


@dataclass(frozen=True)
class Request:
    """One HTTP request, read once.

    `headers` has lower-case names; `host` is the Host header as sent;
    `remote_address` is the peer after trusted proxies were taken into account;
    `client_certificate` is what `tokens.mutual_tls` reads.
    """

    method: str
    path: str
    query_string: str = ""
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    body: bytes = b""
    remote_address: str = "127.0.0.1"
    scheme: str = "http"
    host: str = ""
    correlation_id: str = ""
    client_certificate: str | None = None

    @cached_property
    def query(self) -> Parameters:
        """The query parameters. Raises ValueError as `Parameters.parse` does."""
        return Parameters.parse(self.query_string)

    @cached_property
    def form(self) -> Parameters:
        """The body's parameters, empty unless the body is a form. Raises ValueError as `Parameters.parse` does."""
        if not self.is_form:
            return Parameters()
        return Parameters.parse(self.body.decode("utf-8"))

    @property
    def is_form(self) -> bool:
        """Whether the body says it is `application/x-www-form-urlencoded`."""
        return self.headers.get("content-type", "").split(";", 1)[0].strip().lower() == FORM_CONTENT_TYPE

    @cached_property
    def cookies(self) -> Mapping[str, str]:
        """Cookies by name; of two with one name the first, which has the more specific path (RFC 6265 §5.4).

        Other programs on the same host set cookies too, and none of theirs may hide ours: a pair that
        cannot be read is skipped, where `http.cookies` would give up on the whole header.
        """
        found: dict[str, str] = {}
        for pair in self.headers.get("cookie", "").split(";"):
            name, equals, value = pair.partition("=")
            if equals:
                found.setdefault(name.strip(), value.strip().removeprefix('"').removesuffix('"'))
        return MappingProxyType(found)


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer. Header names may repeat (Set-Cookie)."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The first header called `name`, whatever its case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    def with_headers(self, *headers: tuple[str, str]) -> Response:
        """The same answer with `headers` added at the end."""
        return Response(self.status, self.headers + headers, self.body)


def json_response(payload: object, status: int = 200, headers: tuple[tuple[str, str], ...] = NO_STORE) -> Response:
    """`payload` as JSON, not to be stored unless `headers` say otherwise."""
    return Response(status, (("Content-Type", "application/json"), *headers), orjson.dumps(payload))


def redirect(location: str, *headers: tuple[str, str]) -> Response:
    """A 303: the browser follows with GET and never repeats a POST body (RFC 9700 §4.12)."""
    return Response(303, (("Location", location), *NO_STORE, *headers))


def empty(status: int = 200) -> Response:
    """An answer without a body."""
    return Response(status, NO_STORE)
