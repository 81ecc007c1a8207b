"""What is asked for, line by line, as pages that ask for consent show it."""

from __future__ import annotations

from collections.abc import Iterable

from authserver.access.catalog import Snapshot
from authserver.web.page_values import ConsentScope

REQUIRED_SCOPE = "openid"
FIRST = ("openid", "profile", "email", "phone", "address", "offline_access")
"""OpenID Connect's own, in the order people expect."""


def scope_lines(names: frozenset[str], snapshot: Snapshot) -> tuple[ConsentScope, ...]:
    """One line for each scope: OpenID Connect's own first, the others by name."""
    ordered = [name for name in FIRST if name in names] + sorted(names - set(FIRST))
    return tuple(
        ConsentScope(
            name=name,
            description=snapshot.scopes[name].description if name in snapshot.scopes else "",
            required=name == REQUIRED_SCOPE,
            includes=tuple(
                other.description or other.name for other in snapshot.describe(snapshot.with_implied((name,)) - {name})
            ),
        )
        for name in ordered
    )


def resource_names(uris: Iterable[str], snapshot: Snapshot, issuer: str) -> tuple[str, ...]:
    """The interfaces that access is for, by the names that they were registered with; ours goes without saying."""
    return tuple(snapshot.resources[uri].name if uri in snapshot.resources else uri for uri in uris if uri != issuer)
