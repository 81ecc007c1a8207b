"""Where an outgoing request goes: a URL that was judged, and the very addresses it was judged by."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from types import MappingProxyType
from typing import Final
from urllib.parse import SplitResult, urlsplit

from authserver.events.addresses import Address, AllowList, NotAHost, is_public, parse_host
from authserver.events.wire import Deadline, TimedOut

MAX_URL: Final = 8192
MAX_ADDRESSES: Final = 4
"""Addresses of one name that are tried before the request has failed."""

CONNECT_SHARE: Final = 0.6
"""The part of the remaining time that connecting may take."""

DEFAULT_PORTS: Final[Mapping[str, int]] = MappingProxyType({"https": 443, "http": 80})

_UNSAFE: Final = re.compile(r"[^\x21-\x7e]|[\\\"<>^`{|}]")

Resolver = Callable[[str, int], list[str]]


class OutboundRefused(Exception):
    """No answer that may be used.

    Attributes:
        reason: a stable word, `address_not_public` or `too_large` for example.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


class OutboundFailed(OutboundRefused):
    """The other side could not be reached or broke off; another try may succeed."""


@dataclass(frozen=True, slots=True)
class Destination:
    """A URL that may be fetched, from these addresses alone."""

    scheme: str
    host: str
    port: int
    path: str
    addresses: tuple[Address, ...]

    @property
    def host_header(self) -> str:
        """The name that the other side is asked for."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    def connect(self, deadline: Deadline) -> socket.socket:
        """A connection to the first address that answers. The resolver is not asked again.

        Raises:
            TimedOut: the deadline has passed.
            OSError: none could be reached.
        """
        last = OSError("no address")
        for index, address in enumerate(self.addresses):
            share = deadline.remaining() * CONNECT_SHARE / (len(self.addresses) - index)
            try:
                return socket.create_connection((str(address), self.port), timeout=share)
            except OSError as error:
                last = error
        if isinstance(last, TimeoutError):
            raise TimedOut from last
        raise last


class Judge:
    """Decides which URLs may be fetched.

    Args:
        allow: exceptions from "https only" and "public addresses only".
        resolver: the addresses of a name.
    """

    def __init__(self, allow: AllowList, resolver: Resolver) -> None:
        self._allow = allow
        self._resolver = resolver

    def destination(self, url: str, deadline: Deadline) -> Destination:
        """The destination of `url`.

        One private address among several condemns the name: whoever answers so is
        trying something.

        Raises:
            OutboundRefused: the URL may not be fetched.
            OutboundFailed: its name could not be looked up.
        """
        parts, host, port = _split(url)
        named = self._allow.names(str(host), port)
        if parts.scheme != "https" and not named and not self._allow.networks:
            raise OutboundRefused("scheme_not_allowed", "only https leaves this server")
        addresses = self._resolve(host, port, deadline) if isinstance(host, str) else (host,)
        excepted = [named or self._allow.contains(address) for address in addresses]
        if parts.scheme != "https" and not all(excepted):
            raise OutboundRefused("scheme_not_allowed", "only https leaves this server")
        if not all(known or is_public(address) for address, known in zip(addresses, excepted, strict=True)):
            raise OutboundRefused("address_not_public", str(host))
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return Destination(parts.scheme, str(host), port, path, addresses[:MAX_ADDRESSES])

    def _resolve(self, host: str, port: int, deadline: Deadline) -> tuple[Address, ...]:
        """Looks a name up in a thread of its own, because the system's resolver knows no time limit."""
        found: list[list[str] | OSError] = []

        def look_up() -> None:
            try:
                found.append(self._resolver(host, port))
            except OSError as error:
                found.append(error)

        thread = threading.Thread(target=look_up, daemon=True, name="outbound-resolver")
        thread.start()
        thread.join(deadline.remaining())
        if not found:
            raise OutboundFailed("resolver_too_slow", host)
        if isinstance(found[0], OSError) or not found[0]:
            raise OutboundFailed("name_not_found", host)
        return tuple(ip_address(text) for text in dict.fromkeys(found[0]))


def system_addresses(host: str, port: int) -> list[str]:
    """The addresses of a name, as the system's resolver orders them."""
    return [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _split(url: str) -> tuple[SplitResult, str | Address, int]:
    if len(url) > MAX_URL or _UNSAFE.search(url):
        raise OutboundRefused("url_malformed", "too long, or with characters that must be encoded")
    try:
        parts = urlsplit(url)
        port = parts.port
        host = parse_host(parts.hostname or "")
    except NotAHost as error:
        raise OutboundRefused("host_malformed", str(error)) from error
    except ValueError as error:
        raise OutboundRefused("url_malformed") from error
    if parts.scheme not in DEFAULT_PORTS:
        raise OutboundRefused("scheme_not_allowed", "only https leaves this server")
    if "@" in parts.netloc:
        raise OutboundRefused("credentials_in_url")
    if port == 0:
        raise OutboundRefused("url_malformed", "port 0")
    return parts, host, port or DEFAULT_PORTS[parts.scheme]
