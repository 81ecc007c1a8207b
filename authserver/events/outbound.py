"""The one HTTP client of the product.

Every address that somebody may choose (key sets, request objects, logos,
logout receivers, webhooks, upstream discovery) is fetched through here:
https only, public addresses only, connected to the address that was judged and
not to a second answer of the resolver, no redirects, and everything bounded in
time and size. What an operator lists in `outbound_allow` is excepted from the
first two rules.
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Final

from authserver.events.addresses import AllowList
from authserver.events.breaker import Breaker
from authserver.events.destinations import (
    Destination,
    Judge,
    OutboundFailed,
    OutboundRefused,
    Resolver,
    system_addresses,
)
from authserver.events.wire import Deadline, TimedOut, TooLarge, Wire
from authserver.settings import Settings
from authserver.telemetry import context
from authserver.telemetry.instruments import counter

HEADER_ALLOWANCE: Final = 65_536
"""Bytes of status line and headers, beyond the size of the body."""

CORRELATION_HEADER: Final = "X-Request-ID"

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(r"[\t\x20-\x7e]*")
_OURS: Final = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding", "upgrade"})
_REQUESTS: Final = counter("authserver_outbound_requests_total", "Outgoing requests by result.", ("result",))


@dataclass(frozen=True, slots=True)
class OutboundResponse:
    """An answer, whatever its status. Redirects are answers too: nobody follows them.

    Attributes:
        headers: by lower-case name; a repeated one is joined by commas.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class _Order:
    """A request that was checked, and what it may cost."""

    method: str
    body: bytes | None
    headers: Mapping[str, str]
    deadline: Deadline
    limit: int


class Outbound:
    """Sends requests under the rules of this module; safe among threads.

    Args:
        resolver: the addresses of a name; the system's unless a test brings another.
        breaker: remembers dead hosts.
    """

    def __init__(self, settings: Settings, *, resolver: Resolver | None = None, breaker: Breaker | None = None) -> None:
        self._judge = Judge(AllowList.parse(settings.outbound_allow), resolver or system_addresses)
        self._ca_bundle = settings.outbound_ca_bundle
        self._timeout = settings.outbound_timeout
        self._max_bytes = settings.outbound_max_bytes
        self._breaker = breaker or Breaker()

    def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        max_bytes: int | None = None,
    ) -> OutboundResponse:
        """Fetches `url`. The arguments are those of `request`."""
        return self.request("GET", url, headers=headers, timeout=timeout, max_bytes=max_bytes)

    def post(
        self,
        url: str,
        body: bytes,
        *,
        content_type: str,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        max_bytes: int | None = None,
    ) -> OutboundResponse:
        """Sends `body` to `url`. The arguments are those of `request`."""
        sent = {**(headers or {}), "Content-Type": content_type}
        return self.request("POST", url, body=body, headers=sent, timeout=timeout, max_bytes=max_bytes)

    def request(
        self,
        method: str,
        url: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        max_bytes: int | None = None,
    ) -> OutboundResponse:
        """Sends one request and reads the whole answer.

        Args:
            timeout: seconds for everything together, name look-up to last byte; the setting unless given.
            max_bytes: the largest body, before and after decompression; the setting unless given.

        Raises:
            OutboundFailed: not reached, too slow, or broken off.
            OutboundRefused: the rules forbid the request or its answer; trying again is useless.
        """
        try:
            sent = _checked_headers(headers or {})
            order = _Order(method, body, sent, Deadline(timeout or self._timeout), max_bytes or self._max_bytes)
            response = self._guarded(url, order)
        except OutboundRefused as refused:
            _REQUESTS.add(refused.reason)
            raise
        _REQUESTS.add("answered")
        return response

    def _guarded(self, url: str, order: _Order) -> OutboundResponse:
        try:
            destination = self._judge.destination(url, order.deadline)
        except TimedOut as error:
            raise OutboundFailed("timed_out") from error
        key = f"{destination.host}:{destination.port}"
        if not self._breaker.admits(key):
            raise OutboundFailed("circuit_open", key)
        try:
            response = self._exchange(destination, order)
        except OutboundFailed:
            self._breaker.failed(key)
            raise
        except OutboundRefused:
            self._breaker.succeeded(key)
            raise
        self._breaker.succeeded(key)
        return response

    def _exchange(self, destination: Destination, order: _Order) -> OutboundResponse:
        host = destination.host
        try:
            return self._talk(destination, order)
        except TooLarge as error:
            raise OutboundRefused("too_large", host) from error
        except TimedOut as error:
            raise OutboundFailed("timed_out", host) from error
        except ssl.SSLError as error:
            raise OutboundFailed("tls_failed", f"{host}: {error.reason}") from error
        except (OSError, http.client.HTTPException, zlib.error) as error:
            raise OutboundFailed("broken_off", f"{host}: {type(error).__name__}") from error

    def _talk(self, destination: Destination, order: _Order) -> OutboundResponse:
        sock = self._secured(destination.connect(order.deadline), destination, order.deadline)
        # Packed content may be larger on the wire than it is allowed to be, never twice as large.
        with Wire(sock, order.deadline, 2 * order.limit + HEADER_ALLOWANCE) as wire:
            connection = http.client.HTTPConnection(destination.host, destination.port)
            connection.sock = wire
            headers = {"Host": destination.host_header, **order.headers}
            connection.request(order.method, destination.path, order.body, headers)
            with connection.getresponse() as response:
                content = b"".join(_decoded(response, order.limit))
                return OutboundResponse(response.status, _lowered(response), content)

    def _secured(self, sock: socket.socket, destination: Destination, deadline: Deadline) -> socket.socket:
        """TLS over a connection; the certificate is checked against the name, not the address."""
        if destination.scheme == "http":
            return sock
        try:
            sock.settimeout(deadline.remaining())
            return self._tls.wrap_socket(sock, server_hostname=destination.host)
        except TimeoutError as error:
            sock.close()
            raise TimedOut from error
        except Exception:
            sock.close()
            raise

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        tls = ssl.create_default_context(cafile=str(self._ca_bundle) if self._ca_bundle else None)
        tls.minimum_version = ssl.TLSVersion.TLSv1_2
        tls.set_alpn_protocols(["http/1.1"])
        return tls


def _checked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers to send, ours among them; a value that would begin another header is refused."""
    for name, value in headers.items():
        if _TOKEN.fullmatch(name) is None or name.lower() in _OURS:
            raise OutboundRefused("header_not_allowed", "a header's name")
        if _VALUE.fullmatch(value) is None:
            raise OutboundRefused("header_not_allowed", f"the value of {name}")
    sent = {"User-Agent": "authserver", "Accept-Encoding": "identity", "Connection": "close", **headers}
    correlation_id = context.current().correlation_id
    if correlation_id and _VALUE.fullmatch(correlation_id):
        sent.setdefault(CORRELATION_HEADER, correlation_id)
    return sent


def _lowered(response: http.client.HTTPResponse) -> Mapping[str, str]:
    headers: dict[str, str] = {}
    for name, value in response.getheaders():
        lower = name.lower()
        headers[lower] = f"{headers[lower]}, {value}" if lower in headers else value
    return MappingProxyType(headers)


def _decoded(response: http.client.HTTPResponse, limit: int) -> Iterator[bytes]:
    """The body in pieces, unpacked if need be; more than `limit` bytes end it, packed or not."""
    encoding = (response.getheader("Content-Encoding") or "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip", "deflate"):
        raise OutboundRefused("encoding_not_allowed", encoding[:40])
    unpacker = None if encoding == "identity" else zlib.decompressobj(zlib.MAX_WBITS | 32)
    if (length := response.length) is not None and length > limit:
        raise TooLarge
    received = produced = 0
    while piece := response.read1(65_536):
        received += len(piece)
        content = piece if unpacker is None else unpacker.decompress(piece, limit - produced + 1)
        produced += len(content)
        if max(received, produced) > limit:
            raise TooLarge
        yield content
    if unpacker is not None and not unpacker.eof and received:
        raise http.client.IncompleteRead(b"")
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)


__all__ = ["Outbound", "OutboundFailed", "OutboundRefused", "OutboundResponse"]
