"""Which resources a token is for, and which scopes go with them (RFC 8707)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

from authserver.access.catalog import Snapshot
from authserver.protocol.errors import InvalidTarget
from authserver.protocol.scopes import OPENID

USERINFO_PATH: Final = "/oauth2/userinfo"
"""Where UserInfo is, which its metadata name (RFC 9728 §3.3); tokens for it have the issuer as audience."""


class ResourceClient(Protocol):
    """What is asked of a client here."""

    @property
    def id(self) -> str: ...
    @property
    def resources(self) -> tuple[str, ...]: ...
    @property
    def default_resource(self) -> str | None: ...


def audience(requested: Iterable[str], client: ResourceClient, snapshot: Snapshot, issuer: str) -> tuple[str, ...]:
    """What the token is for: the resources asked for, else the client's default one, else the issuer.

    Raises:
        InvalidTarget: a resource is unknown, switched off, or not this client's to ask for.
    """
    wanted = _named(requested, issuer) or (client.default_resource or issuer,)
    for uri in wanted:
        if uri != issuer:
            _check(uri, client, snapshot)
    return wanted


def redeemed(
    requested: Iterable[str],
    authorized: Iterable[str],
    *,
    scopes: frozenset[str],
    client: ResourceClient,
    snapshot: Snapshot,
    issuer: str,
) -> tuple[str, ...]:
    """What a token is for when a grant is redeemed: all that was authorized, or exactly what is asked for of it.

    Raises:
        InvalidTarget: more was asked for than was authorized, or a resource is no longer there or not this client's.
    """
    everything = with_issuer(tuple(authorized) or (client.default_resource or issuer,), scopes, issuer)
    wanted = _named(requested, issuer) or everything
    if not set(wanted) <= set(everything):
        raise InvalidTarget(
            "A requested resource was not part of the authorization.",
            reason="resource_not_authorized",
            spec="RFC 8707 §2.2",
        )
    return audience(wanted, client, snapshot, issuer)


def with_issuer(granted: tuple[str, ...], scopes: frozenset[str], issuer: str) -> tuple[str, ...]:
    """The audience of a token request that names no resource: UserInfo opens too where `openid` was granted."""
    return (*granted, issuer) if OPENID in scopes and issuer not in granted else granted


def narrow(scopes: frozenset[str], audience: Iterable[str], snapshot: Snapshot, issuer: str) -> frozenset[str]:
    """The scopes that mean something to one of `audience`.

    A resource's scopes belong to it and the standard ones to the issuer; a
    scope registered for nobody in particular goes with every audience.
    """
    known = frozenset(audience)
    at_issuer = issuer in known

    def belongs(name: str) -> bool:
        entry = snapshot.scope(name)
        if entry is None:
            return False
        if entry.is_standard:
            return at_issuer
        return entry.resource is None or entry.resource in known

    return frozenset(name for name in scopes if belongs(name))


def introspectors(audience: Iterable[str], snapshot: Snapshot) -> frozenset[str]:
    """The clients that resources of `audience` name to introspect tokens for them."""
    found: frozenset[str] = frozenset()
    for uri in audience:
        resource = snapshot.resource(uri)
        if resource is not None:
            found |= resource.introspected_by
    return found


def userinfo_of(issuer: str) -> str:
    """The address of UserInfo."""
    return f"{issuer.rstrip('/')}{USERINFO_PATH}"


def _named(requested: Iterable[str], issuer: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(issuer if uri == userinfo_of(issuer) else uri for uri in requested))


def _check(uri: str, client: ResourceClient, snapshot: Snapshot) -> None:
    if snapshot.resource(uri) is None:
        raise InvalidTarget("A requested resource is not known here.", reason="resource_unknown", spec="RFC 8707 §2")
    if uri not in client.resources:
        raise InvalidTarget(
            "The application may not ask for a requested resource.",
            reason="resource_not_allowed",
            spec="RFC 8707 §2",
            setting=f"client {client.id}: resources",
        )
