"""Which addresses outgoing requests may reach.

Only public unicast addresses. An IPv6 form that carries an IPv4 address is
judged by what it carries, or refused where the tunnel itself is a way around.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Address = IPv4Address | IPv6Address

_HOST: Final = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
_NUMBER: Final = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)")

_FORBIDDEN: Final[tuple[IPv4Network | IPv6Network, ...]] = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier NAT, and a cloud's metadata service
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # a cloud's wire server, on a public address
        "169.254.0.0/16",  # link-local, metadata services
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments, a cloud's metadata service
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
    )
)
_NAT64: Final = IPv6Network("64:ff9b::/96")
_UNICAST: Final = IPv6Network("2000::/3")
"""All that has been given out of IPv6 for use in public; the rest is special, translated or not yet anything."""


class NotAHost(ValueError):
    """The text is no host that may be asked for."""


def is_public(address: Address) -> bool:
    """Whether an outgoing request may reach `address` without being allowed to by name."""
    carried = _carried(address)
    if carried is not None:
        return is_public(carried)
    if isinstance(address, IPv6Address) and address not in _UNICAST:
        return False
    return address.is_global and not any(
        address in network for network in _FORBIDDEN if network.version == address.version
    )


def _carried(address: Address) -> IPv4Address | None:
    if isinstance(address, IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    # RFC 6052 §2.1: behind a NAT64 the last 32 bits are the address that is reached.
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None


def parse_host(host: str) -> str | Address:
    """`host` as an address, or as a lower-case DNS name.

    Decimal, octal, hexadecimal and short forms of IPv4 addresses are refused, because
    resolvers read them as addresses and filters do not.

    Raises:
        NotAHost: it is neither, or a form that only confuses.
    """
    if "%" in host:
        raise NotAHost("percent signs and zone identifiers are not allowed in a host")
    try:
        return ip_address(host)
    except ValueError:
        pass
    name = host.lower().removesuffix(".")
    if not name.isascii() or _HOST.fullmatch(name) is None:
        raise NotAHost("the host is neither an address nor a DNS name")
    if _NUMBER.fullmatch(name.rsplit(".", 1)[-1]):
        raise NotAHost("the host is an IPv4 address in an unusual form")
    return name


@dataclass(frozen=True, slots=True)
class AllowList:
    """The exceptions an operator made: `host`, `host:port`, `[v6]:port`, `network/length`."""

    hosts: frozenset[tuple[str, int | None]]
    networks: tuple[IPv4Network | IPv6Network, ...]

    @classmethod
    def parse(cls, entries: Iterable[str]) -> AllowList:
        """The allow-list of these entries.

        Raises:
            ValueError: an entry has none of the forms.
        """
        hosts: set[tuple[str, int | None]] = set()
        networks: list[IPv4Network | IPv6Network] = []
        for entry in entries:
            if "/" in entry:
                networks.append(ip_network(entry))
            else:
                hosts.add(_host_and_port(entry))
        return cls(frozenset(hosts), tuple(networks))

    def names(self, host: str, port: int) -> bool:
        """Whether this host was allowed by name, for this port or for all."""
        return (host, port) in self.hosts or (host, None) in self.hosts

    def contains(self, address: Address) -> bool:
        """Whether this address lies in an allowed network."""
        return any(address in network for network in self.networks if network.version == address.version)


def _host_and_port(entry: str) -> tuple[str, int | None]:
    match = re.fullmatch(r"(?:\[(?P<v6>[^\]]+)\]|(?P<host>[^:\[\]]+))(?::(?P<port>[0-9]{1,5}))?", entry)
    if match is None:
        return str(ip_address(entry)), None
    host = parse_host(match["v6"] or match["host"])
    return str(host), int(match["port"]) if match["port"] else None
