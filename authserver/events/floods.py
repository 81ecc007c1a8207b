"""Refusals that are events, however many a stranger brings about.

The audit log cannot be deleted, so nobody without credentials may decide how
long it gets. Of refusals alike (event, reason, and the client, or where none is
known the network) the first of an hour are told one by one, the others counted
(`tallies`): one event says how many there were, and none is left out.
"""

from __future__ import annotations

from typing import Final

from authserver.events.allowance import Allowance, network_of
from authserver.events.event import Event
from authserver.events.measures import measure
from authserver.events.spool import Spool
from authserver.events.tallies import Tallies

SINGLY: Final = 10
"""Refusals alike that a process tells one by one in an hour."""

SINGLY_ALTOGETHER: Final = 200
"""Refusals of any kind that it tells so, of known clients, and as many of others: neither uses up the other's."""


class Floods:
    """Tells the first refusals of a kind and counts the rest."""

    def __init__(
        self, spool: Spool, tallies: Tallies, *, each: int = SINGLY, altogether: int = SINGLY_ALTOGETHER
    ) -> None:
        self._spool = spool
        self._tallies = tallies
        self._of_clients = Allowance(each, altogether)
        self._of_others = Allowance(each, altogether)

    def tell(self, event: Event, reason: str, address: str) -> None:
        """Record `event`, by itself or as one more of its kind.

        Raises:
            OSError: it could not be written.
        """
        network = network_of(address)
        allowance = self._of_clients if event.client_id else self._of_others
        if allowance.take(f"{event.type} {reason} {event.client_id or network}"):
            self._spool.append(event)
            return
        # Told or counted, the numbers that operators watch are those of the refusals.
        measure(event)
        self._tallies.add(event, reason, network)
