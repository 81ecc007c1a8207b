"""How much a stranger may have us write down.

Whoever is refused leaves a row for a week. Limits of requests bound what one
address sends, not what that comes to in seven days, nor what a thousand
addresses send; so the rows themselves are bounded: for each network, so that
one cannot use up what others are due, and altogether.
"""

from __future__ import annotations

import threading
from ipaddress import IPv6Address, ip_address, ip_network

from authserver.protocol import validity

WINDOW_SECONDS = 3600
EACH = 1_000
ALTOGETHER = 10_000
"""Of a process in an hour: in the seven days that they are kept 1.7 million rows, well under a gigabyte."""


class Allowance:
    """Counts by the hour. `each` is for one IPv4 address or one /64 of IPv6, which one customer has to itself."""

    def __init__(self, each: int = EACH, altogether: int = ALTOGETHER) -> None:
        self._each = each
        self._altogether = altogether
        self._lock = threading.Lock()
        self._window, self._total = 0, 0
        self._taken: dict[str, int] = {}

    def take(self, address: str) -> bool:
        """Whether one more may be written that comes from `address`."""
        network = network_of(address)
        with self._lock:
            window = validity.timestamp() // WINDOW_SECONDS
            if window != self._window:
                self._window, self._total, self._taken = window, 0, {}
            taken = self._taken.get(network, 0)
            if taken >= self._each or self._total >= self._altogether:
                return False
            self._taken[network] = taken + 1
            self._total += 1
            return True


def network_of(address: str) -> str:
    """Who is counted as one; what is no address counts as itself."""
    if ":" not in address:
        return address
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(ip_network((parsed, 64), strict=False))
    return str(parsed.ipv4_mapped) if isinstance(parsed, IPv6Address) else address
