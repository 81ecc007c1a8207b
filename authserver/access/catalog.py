"""Resources and scopes as one immutable snapshot, at most a second old.

The issuer is an audience too: it opens UserInfo and nothing else, and the
standard scopes belong to it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import orjson

from authserver.access import hierarchy
from authserver.protocol import scopes as scope_values
from authserver.storage.database import Database
from authserver.storage.models.clients import AuthorizationType as AuthorizationTypeRow
from authserver.storage.models.clients import Resource as ResourceRow
from authserver.storage.models.clients import Scope as ScopeRow
from authserver.storage.snapshots import watch

KIND = "resources"
"""The version that rises with every change of a resource or scope."""


@dataclass(frozen=True, slots=True)
class ScopeEntry:
    """A registered scope. `resource` is None for standard scopes and those that every resource understands.

    `implied` is every scope that comes with it, directly or through others.
    """

    name: str
    description: str
    resource: str | None
    is_standard: bool
    implied: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ResourceEntry:
    """A registered resource. `token_ttl` is seconds; None leaves format, lifetime or algorithm to the client.

    `dynamic_clients` opens it to clients that registered themselves.
    """

    id: str
    name: str
    token_format: str | None
    token_ttl: int | None
    token_alg: str | None
    introspected_by: frozenset[str]
    scopes: frozenset[str]
    enabled: bool
    dynamic_clients: bool = False
    described: bool = False


@dataclass(frozen=True, slots=True)
class AuthorizationTypeEntry:
    """A registered type of authorization details; `schema` is JSON text, so that entries can be remembered by value."""

    type: str
    name: str
    words: str
    schema: bytes


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that is registered, at one moment."""

    version: int
    scopes: Mapping[str, ScopeEntry]
    resources: Mapping[str, ResourceEntry]
    authorization_types: Mapping[str, AuthorizationTypeEntry] = field(default_factory=lambda: MappingProxyType({}))

    def scope(self, name: str) -> ScopeEntry | None:
        """The scope with this name."""
        return self.scopes.get(name)

    def resource(self, uri: str) -> ResourceEntry | None:
        """The resource with this URI, unless it is switched off."""
        found = self.resources.get(uri)
        return found if found is not None and found.enabled else None

    def with_implied(self, scopes: Iterable[str]) -> frozenset[str]:
        """These scopes and every one that comes with one of them."""
        names = frozenset(scopes)
        return names.union(*(entry.implied for name in names if (entry := self.scopes.get(name)) is not None))

    def left_of(self, asked: frozenset[str], kept: Iterable[str]) -> frozenset[str]:
        """What is left of `asked` where only `kept` is wanted: a scope goes with any that it would bring back."""
        refused = asked - frozenset(kept)
        return frozenset(name for name in asked if not self.with_implied((name,)) & refused)

    def describe(self, scopes: Iterable[str]) -> tuple[ScopeEntry, ...]:
        """The entries of these scopes, the standard ones first, for pages."""
        found = [entry for name in scopes if (entry := self.scopes.get(name)) is not None]
        return tuple(sorted(found, key=lambda entry: (not entry.is_standard, entry.name)))


class ResourceCatalog:
    """Keeps the current snapshot."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._watch = watch(database)
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None

    def current(self) -> Snapshot:
        """What is registered, as of a second ago at most."""
        version = self._watch.version(KIND)
        snapshot = self._snapshot
        if snapshot is not None and snapshot.version == version:
            return snapshot
        with self._lock:
            if self._snapshot is None or self._snapshot.version != version:
                self._snapshot = self._read(version)
            return self._snapshot

    def forget(self) -> None:
        """Read anew, because this process itself changed something."""
        self._snapshot = None
        self._watch.expire()

    def _read(self, version: int) -> Snapshot:
        with self._database.reading_aside() as unit:
            return build(version, unit.resources.all(), unit.scopes.all(), unit.authorization_types.all())


def build(
    version: int,
    resources: Iterable[ResourceRow],
    scopes: Iterable[ScopeRow],
    types: Iterable[AuthorizationTypeRow] = (),
) -> Snapshot:
    """The snapshot of these rows. The standard scopes are there even where nobody seeded them."""
    entries = {name: ScopeEntry(name, text, None, True) for name, text in scope_values.STANDARD.items()}
    rows = list(scopes)
    direct = {row.name: row.implies or () for row in rows}
    for row in rows:
        standard = row.name in scope_values.STANDARD
        text = row.description or scope_values.STANDARD.get(row.name, "")
        resource = None if standard else row.resource_id
        entries[row.name] = ScopeEntry(row.name, text, resource, standard, hierarchy.implied_by(row.name, direct))
    found = {row.id: _entry(row, entries.values()) for row in resources}
    known = {row.type: AuthorizationTypeEntry(row.type, row.name, row.words, orjson.dumps(row.schema)) for row in types}
    return Snapshot(version, MappingProxyType(entries), MappingProxyType(found), MappingProxyType(known))


def _entry(row: ResourceRow, scopes: Iterable[ScopeEntry]) -> ResourceEntry:
    return ResourceEntry(
        id=row.id,
        name=row.name,
        token_format=row.token_format,
        token_ttl=row.token_ttl,
        token_alg=row.token_alg,
        introspected_by=frozenset(row.introspected_by),
        scopes=frozenset(scope.name for scope in scopes if scope.resource == row.id),
        enabled=row.enabled,
        dynamic_clients=row.dynamic_clients,
        described=row.described,
    )
