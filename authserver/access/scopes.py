"""Which scopes a request gets: known ones that the client registered (RFC 6749 §3.3)."""

from __future__ import annotations

from typing import Protocol

from authserver.access.catalog import Snapshot
from authserver.protocol import scopes as scope_values
from authserver.protocol.errors import InvalidScope
from authserver.protocol.policy import REFRESH_TOKEN, ClientPolicy
from authserver.protocol.scopes import OFFLINE_ACCESS, OPENID


class ScopedClient(Protocol):
    """What is asked of a client here."""

    @property
    def id(self) -> str: ...
    @property
    def scopes(self) -> frozenset[str]: ...
    @property
    def policy(self) -> ClientPolicy: ...


def resolve(requested: str | None, client: ScopedClient, snapshot: Snapshot) -> frozenset[str]:
    """The scopes that `requested` asks for and this client may have.

    Unknown ones are ignored when `openid` is asked (OIDC Core §3.1.2.1);
    `offline_access` that is not allowed is dropped silently (OIDC Core §11).
    Without a request it is what the client registered, less the standard
    scopes: those are about a person and must be asked for. What a scope
    implies comes with it, so that a resource need not know the hierarchy.

    Raises:
        InvalidScope: a scope is malformed, unknown, or not this client's.
    """
    if requested is None:
        known = frozenset(name for name in client.scopes if name in snapshot.scopes)
        return snapshot.with_implied(known) - set(scope_values.STANDARD)
    wanted = _parsed(requested)
    unknown = wanted - snapshot.scopes.keys()
    if unknown and OPENID not in wanted:
        raise InvalidScope(f"The scope {min(unknown)} is not known here.", reason="scope_unknown", spec="RFC 6749 §3.3")
    wanted -= unknown
    if OFFLINE_ACCESS in wanted and not _allows_offline_access(client):
        wanted -= {OFFLINE_ACCESS}
    foreign = wanted - allowed(client, snapshot)
    if foreign:
        raise InvalidScope(
            f"The application may not ask for the scope {min(foreign)}.",
            reason="scope_not_allowed",
            spec="RFC 6749 §3.3",
            setting=f"client {client.id}: scope",
        )
    return snapshot.with_implied(wanted)


def allowed(client: ScopedClient, snapshot: Snapshot) -> frozenset[str]:
    """Every scope that a client may have: those that it registered and what they imply."""
    return snapshot.with_implied(client.scopes)


def _parsed(requested: str) -> frozenset[str]:
    try:
        wanted = scope_values.parse(requested)
    except ValueError as error:
        raise InvalidScope(
            "The parameter scope is malformed.", reason="scope_malformed", spec="RFC 6749 §3.3"
        ) from error
    if not wanted:
        raise InvalidScope("The parameter scope names no scope.", reason="scope_empty", spec="RFC 6749 §3.3")
    return wanted


def _allows_offline_access(client: ScopedClient) -> bool:
    return OFFLINE_ACCESS in client.scopes and REFRESH_TOKEN in client.policy.grant_types
