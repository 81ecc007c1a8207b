"""From a WSGI environ to a frozen request, and from a response to the server.

Only named keys of the environ are read: granian copies the process environment
into every environ, so its `HTTP_*` variables would become headers and its
secrets would lie in every request. What a server joined with a comma is refused
where only one value may be, as the other server refuses it.
"""

from __future__ import annotations

import os
import ssl
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from authserver.edge.body import BodyReader
from authserver.edge.chain import Handler, Link, chain
from authserver.edge.headers import PRIVATE
from authserver.edge.refusals import Refusal, Refusals
from authserver.protocol.messages import Request, Response

Environ = Mapping[str, Any]
StartResponse = Callable[..., Any]

SINGLE = frozenset({"host", "authorization", "content-type", "dpop", "origin", "x-request-id"})
"""Headers of which a request may have one."""

_STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
_WITHOUT_BODY = frozenset({204, 304})
_MAX_NAMES = 1024
# Proxy becomes HTTP_PROXY, which libraries take for the address of an outgoing proxy; nobody needs it as a header.
_IGNORED = frozenset({"HTTP_PROXY", "HTTP_TRANSFER_ENCODING", "HTTP_CONTENT_LENGTH", "HTTP_CONTENT_TYPE"})


class Application:
    """The WSGI callable.

    Args:
        links: what every answer passes, that to malformed input too.
        checks: what a well-formed request passes next.
        handler: answers what is left.
    """

    def __init__(
        self, links: Sequence[Link], checks: Sequence[Link], handler: Handler, body: BodyReader, refusals: Refusals
    ) -> None:
        self._links = tuple(links)
        self._handle = chain((*links, *checks), handler)
        self._body = body
        self._refusals = refusals
        self._names: dict[str, str] = dict.fromkeys(_IGNORED, "")
        self._inherited = {name: value for name, value in os.environ.items() if name.startswith("HTTP_")}

    def __call__(self, environ: Environ, start_response: StartResponse) -> list[bytes]:
        """Answer one request by the rules of WSGI (PEP 3333)."""
        status, headers, body = self.exchange(environ)
        start_response(_STATUS_LINES.get(status) or f"{status} Unknown", headers)
        return [body] if body else []

    def exchange(self, environ: Environ) -> tuple[int, list[tuple[str, str]], bytes]:
        """Answer one request: status, headers and body as they go to the client."""
        try:
            request = self._request(environ)
        except Refusal as refusal:
            response = self._refused(environ, refusal)
        else:
            response = self._handle(request)
        return _outgoing(response, environ["REQUEST_METHOD"])

    def _request(self, environ: Environ) -> Request:
        headers = self._headers(environ)
        method = environ["REQUEST_METHOD"]
        path = environ["PATH_INFO"]
        # Filled in one step: twelve guarded assignments of a frozen dataclass cost more than a link of the chain.
        request = object.__new__(Request)
        request.__dict__.update(
            method="GET" if method == "HEAD" else method,
            path=path if path.isascii() and path.isprintable() and path else _path(path),
            query_string=_query(environ["QUERY_STRING"]),
            headers=headers,
            body=self._body.read(environ),
            remote_address=environ.get("REMOTE_ADDR") or "",
            scheme=environ["wsgi.url_scheme"],
            host=headers.get("host", ""),
            correlation_id="",
            client_certificate=_certificate(environ) if environ["wsgi.url_scheme"] == "https" else None,
        )
        return request

    def _headers(self, environ: Environ) -> dict[str, str]:
        """The headers by lower-case name. A value that is not ASCII is dropped, as granian drops it."""
        headers: dict[str, str] = {}
        names = self._names
        for key, value in environ.items():
            if key[:5] == "HTTP_":
                name = names.get(key)
                if name is None:
                    name = self._name(key)
                if name:
                    headers[name] = value if value.isascii() else ""
        if content_type := environ.get("CONTENT_TYPE"):
            headers["content-type"] = content_type
        if self._inherited:
            self._drop_inherited(environ, headers)
        for name in SINGLE:
            if name in headers and "," in headers[name]:
                text = f"The header {name} may come once"
                raise Refusal(400, "invalid_request", text, reason="header_repeated", spec="RFC 9110 §5.3")
        return headers

    def _drop_inherited(self, environ: Environ, headers: dict[str, str]) -> None:
        """Take out what came from the process environment and not from the caller."""
        for key, value in self._inherited.items():
            if environ.get(key) == value:
                headers.pop(self._name(key), None)

    def _name(self, key: str) -> str:
        name = key[5:].replace("_", "-").lower()
        if len(self._names) < _MAX_NAMES:
            self._names[key] = name
        return name

    def _refused(self, environ: Environ, refusal: Refusal) -> Response:
        """Send a refusal through the links, so that it is logged, counted and protected like any answer."""
        accept = environ.get("HTTP_ACCEPT")
        request = Request(
            method=environ["REQUEST_METHOD"],
            path=_printable(environ["PATH_INFO"]),
            headers={"accept": accept} if accept else {},
            remote_address=environ.get("REMOTE_ADDR") or "",
            scheme=environ["wsgi.url_scheme"],
        )
        return chain(self._links, lambda known: self._refusals(known, refusal))(request)


def _certificate(environ: Environ) -> str | None:
    """The certificate of a connection whose TLS ends here, as RFC 9440 §2.1 writes it. granian hands none over."""
    connection = environ.get("gunicorn.socket")
    if not isinstance(connection, ssl.SSLSocket):
        return None
    try:
        der = connection.getpeercert(binary_form=True)
    except (OSError, ValueError):  # closed meanwhile: nobody waits for an answer
        return None
    return f":{b64encode(der).decode('ascii')}:" if der else None


def _path(raw: str) -> str:
    """The decoded path. Bytes that are not UTF-8 and control characters have no business in one."""
    if raw.isascii():
        path = raw
    else:
        try:
            path = raw.encode("latin-1").decode("utf-8")
        except (UnicodeEncodeError, UnicodeDecodeError) as error:
            raise Refusal(400, "invalid_request", "The path is not UTF-8", reason="path_malformed") from error
    if not path.isprintable():
        text = "The path holds a character that may not be in one"
        raise Refusal(400, "invalid_request", text, reason="path_malformed", spec="RFC 3986 §3.3")
    return path or "/"


def _query(raw: str) -> str:
    if raw.isascii():
        return raw
    text = "The query must be percent-encoded"
    raise Refusal(400, "invalid_request", text, reason="query_malformed", spec="RFC 3986 §3.4")


def _printable(raw: str) -> str:
    return "".join(char if char.isascii() and char.isprintable() else "?" for char in raw)


def _outgoing(response: Response, method: str) -> tuple[int, list[tuple[str, str]], bytes]:
    status, body = response.status, response.body
    headers = [field for field in response.headers if field[0] not in PRIVATE]
    if status in _WITHOUT_BODY:
        return status, headers, b""
    headers.append(("Content-Length", str(len(body))))
    return status, headers, b"" if method == "HEAD" else body
