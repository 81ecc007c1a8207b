"""What a request asks for: scopes, and authorization details (RFC 6749 §3.3, RFC 9396 §2).

The authorization endpoint, devices and clients in the background ask by the same rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from authserver.access import authorization_details
from authserver.access import scopes as access_scopes
from authserver.access.authorization_details import DetailedClient, Details
from authserver.access.catalog import Snapshot
from authserver.access.scopes import ScopedClient


class AskingClient(ScopedClient, DetailedClient, Protocol):
    """What is asked of a client here."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client may have, if the person allows it."""

    scopes: frozenset[str]
    details: Details = ()


def resolve(scope: str | None, details: str | None, client: AskingClient, snapshot: Snapshot) -> Asked:
    """Every scope, and every object of authorization details, is known and this client's to ask for.

    Who asks for details alone gets no scope along with them; without either it is what the client registered.

    Raises:
        InvalidScope: a scope is malformed, unknown, or not this client's.
        InvalidAuthorizationDetails: an object is malformed, of another type, or not what its type's schema allows.
    """
    if details is None:
        return Asked(access_scopes.resolve(scope, client, snapshot))
    found = authorization_details.parse(details, client, snapshot)
    scopes = access_scopes.resolve(scope, client, snapshot) if scope is not None else frozenset()
    return Asked(scopes, found)
