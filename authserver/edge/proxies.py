"""Forwarded headers count when a configured proxy sent them, and are dropped otherwise.

The caller is the rightmost address of the list that is not itself a trusted
proxy: everything left of it was written by somebody who could lie. The proxy
must replace or append its headers itself and must drop names with underscores,
which some servers cannot tell from dashes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from authserver.edge.chain import Handler, amended
from authserver.protocol.messages import Request, Response

FORWARDED = frozenset(
    {
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-proto",
        "x-forwarded-host",
        "x-forwarded-port",
        "x-forwarded-prefix",
        "x-forwarded-ssl",
        "x-real-ip",
        "true-client-ip",
        "cf-connecting-ip",
    }
)
CERTIFICATE = frozenset(
    {
        "x-client-cert",
        "x-ssl-cert",
        "ssl-client-cert",
        "ssl-client-verify",
        "ssl-client-s-dn",
        "x-ssl-client-cert",
        "x-ssl-client-verify",
        "x-forwarded-tls-client-cert",
        "x-forwarded-client-cert",
        "x-amzn-mtls-clientcert",
        "client-cert",
        "client-cert-chain",
    }
)
MARK = "x-authserver-forwarded"
"""Put on requests that came through a proxy, trusted or not: the remote address is then not that of the connection."""

_STRIPPED = FORWARDED | CERTIFICATE | {MARK}

_NO_CERTIFICATE = frozenset({"", "::"})
"""What proxies send for connections without one: nothing, or the colons of RFC 9440 §2.1 around nothing."""

_Address = IPv4Address | IPv6Address
_Network = IPv4Network | IPv6Network


class Proxies:
    """The link.

    Args:
        trusted: addresses and networks of proxies.
        certificate_header: the one header in which they hand over the client's certificate. Of all others
            nobody knows whether the proxy takes them away when a client sends them.

    Raises:
        ValueError: an entry is neither address nor network.
    """

    def __init__(self, trusted: Iterable[str] = (), certificate_header: str = "") -> None:
        self._networks: tuple[_Network, ...] = tuple(ip_network(entry, strict=False) for entry in trusted)
        self._certificate_header = certificate_header.lower()
        self._stripped = _STRIPPED | ({self._certificate_header} - {""})

    def __call__(self, request: Request, next_: Handler) -> Response:
        """Replace peer and scheme by what a trusted proxy says; drop the headers that say it in any case."""
        headers = request.headers
        if not self._networks or not self._is_trusted(request.remote_address):
            return next_(request) if self._stripped.isdisjoint(headers) else next_(self._without(request))
        hops = _hops(headers)
        address = self._caller(hops, request.remote_address)
        scheme = _scheme(headers) or request.scheme
        # A proxy's own certificate is not the client's, so what is not handed over counts as none.
        certificate = headers.get(self._certificate_header)
        if certificate in _NO_CERTIFICATE:
            certificate = None
        return next_(self._without(request, remote_address=address, scheme=scheme, client_certificate=certificate))

    def _without(self, request: Request, **changes: Any) -> Request:
        kept = {name: value for name, value in request.headers.items() if name not in self._stripped}
        kept[MARK] = "yes"
        return amended(request, headers=kept, **changes)

    def _is_trusted(self, address: str) -> bool:
        parsed = _parsed(address)
        return parsed is not None and any(parsed in network for network in self._networks)

    def _caller(self, hops: list[str], peer: str) -> str:
        """The rightmost hop that is no trusted proxy; a hop that is no address ends the walk at what is proven."""
        caller = peer
        for hop in reversed(hops):
            parsed = _parsed(hop)
            if parsed is None:
                return caller
            caller = str(parsed)
            if not self._is_trusted(caller):
                return caller
        return caller


def _parsed(text: str) -> _Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _hops(headers: Mapping[str, str]) -> list[str]:
    """The addresses of the path, client first: Forwarded (RFC 7239 §5.2) where it is sent, else X-Forwarded-For."""
    forwarded = headers.get("forwarded")
    if forwarded is not None:
        return [_node(_parameter(element, "for")) for element in forwarded.split(",")]
    listed = headers.get("x-forwarded-for")
    if listed is not None:
        return [_node(entry) for entry in listed.split(",")]
    single = headers.get("x-real-ip")
    return [single.strip()] if single is not None else []


def _parameter(element: str, wanted: str) -> str:
    for pair in element.split(";"):
        name, _, value = pair.partition("=")
        if name.strip().lower() == wanted:
            return value.strip()
    return ""


def _node(text: str) -> str:
    """The address of a node identifier: without quotes, brackets and port (RFC 7239 §6)."""
    node = text.strip().strip('"')
    if node.startswith("["):
        return node[1:].partition("]")[0]
    return node.partition(":")[0] if node.count(":") == 1 else node


def _scheme(headers: Mapping[str, str]) -> str | None:
    """The scheme at the last hop; only the words http and https count."""
    forwarded = headers.get("forwarded")
    if forwarded is not None:
        word = _parameter(forwarded.rpartition(",")[2], "proto").strip('"')
    else:
        word = headers.get("x-forwarded-proto", "").rpartition(",")[2].strip()
    return word.lower() if word.lower() in {"http", "https"} else None
