"""Registering, changing and removing resources and scopes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from authserver.access import hierarchy
from authserver.access.catalog import KIND
from authserver.access.resources import userinfo_of
from authserver.events.catalog import (
    ResourceCreated,
    ResourceDeleted,
    ResourceUpdated,
    ScopeCreated,
    ScopeDeleted,
    ScopeUpdated,
)
from authserver.events.event import Event
from authserver.events.outbox import Recorder
from authserver.protocol import scopes as scope_values
from authserver.protocol import uris
from authserver.protocol.errors import ConflictError, NotFound, ValidationError
from authserver.protocol.policy import SIGNING_ALGORITHMS
from authserver.storage.database import Database
from authserver.storage.models.clients import Resource, Scope
from authserver.storage.snapshots import CLIENTS
from authserver.storage.unit import Unit

FORMATS = ("jwt", "opaque")
SHORTEST_TTL, LONGEST_TTL = 10, 86400
LONGEST_TEXT = 255


@dataclass(frozen=True, slots=True)
class ResourceMetadata:
    """What is registered of a resource. None leaves format, lifetime (seconds) and algorithm to the client.

    `dynamic_clients` opens it to clients that registered themselves.
    """

    name: str
    scopes: frozenset[str] = field(default_factory=frozenset)
    introspected_by: tuple[str, ...] = ()
    token_format: str | None = None
    token_ttl: int | None = None
    token_alg: str | None = None
    enabled: bool = True
    described: bool = False
    """Whether this server publishes the resource's metadata (RFC 9728)."""
    dynamic_clients: bool = False


class AccessRegistration:
    """Every change of the catalogue: validated, versioned, recorded.

    Args:
        issuer: is an audience of its own and cannot be registered as a resource.
    """

    def __init__(self, database: Database, recorder: Recorder, issuer: str) -> None:
        self._database = database
        self._recorder = recorder
        self._issuer = issuer

    def create_resource(self, uri: str, wanted: ResourceMetadata, *, actor_id: str | None = None) -> Resource:
        """Register a resource and its scopes.

        Raises:
            ValidationError: something cannot be accepted; `field` names it.
            ConflictError: the URI or a scope is taken.
        """
        with self._database.unit() as unit:
            return self.create_resource_in(unit, uri, wanted, actor_id=actor_id)

    def create_resource_in(
        self, unit: Unit, uri: str, wanted: ResourceMetadata, *, actor_id: str | None = None
    ) -> Resource:
        """As `create_resource`, in the caller's transaction."""
        uris.check_resource_uri(uri, "id")
        _in_turn(unit)
        if uri in {self._issuer, userinfo_of(self._issuer)}:
            raise ValidationError("the issuer is an audience already; a resource has a URI of its own", field="id")
        _check(unit, wanted)
        resource = Resource(id=uri)
        _apply(resource, wanted)
        unit.resources.add(resource)
        self._settle_scopes(unit, uri, wanted.scopes)
        self._changed(unit, ResourceCreated(resource=uri, actor_id=actor_id))
        return resource

    def update_resource(self, uri: str, wanted: ResourceMetadata, *, actor_id: str | None = None) -> Resource:
        """Replace what is registered of a resource; scopes that are no longer named are removed.

        Raises:
            NotFound: there is no such resource.
            ValidationError: something cannot be accepted.
            ConflictError: a scope belongs to somebody else.
        """
        with self._database.unit() as unit:
            _in_turn(unit)
            resource = unit.resources.get(uri)
            before = metadata_of(resource, scopes_of(unit, uri))
            _check(unit, wanted)
            changed = tuple(name for name in wanted.__slots__ if getattr(before, name) != getattr(wanted, name))
            if changed:
                _apply(resource, wanted)
                unit.resources.save(resource)
                self._settle_scopes(unit, uri, wanted.scopes)
                self._changed(unit, ResourceUpdated(resource=uri, changed=changed, actor_id=actor_id))
            return resource

    def delete_resource(self, uri: str, *, actor_id: str | None = None) -> None:
        """Remove a resource and its scopes. Raises NotFound."""
        with self._database.unit() as unit:
            _in_turn(unit)
            if not unit.resources.delete(uri):
                raise NotFound("there is no such resource")
            self._changed(unit, ResourceDeleted(resource=uri, actor_id=actor_id))

    def create_scope(
        self,
        name: str,
        description: str = "",
        resource: str | None = None,
        *,
        implies: Collection[str] = (),
        actor_id: str | None = None,
    ) -> Scope:
        """Register a scope, of a resource or of nobody in particular, and those that come with it.

        Raises:
            ValidationError: the name, the description or what it implies cannot be accepted.
            NotFound: there is no such resource.
            ConflictError: the name is taken.
        """
        _check_scope(name, description)
        with self._database.unit() as unit:
            _in_turn(unit)
            if resource is not None:
                unit.resources.get(resource)
            scope = unit.scopes.add(Scope(name=name, description=description, resource_id=resource, implies=[]))
            hierarchy.settle(unit, scope, implies)
            self._changed(
                unit,
                ScopeCreated(scope=name, resource=resource, implies=tuple(scope.implies), actor_id=actor_id),
            )
            return scope

    def update_scope(
        self,
        name: str,
        *,
        description: str | None = None,
        implies: Collection[str] | None = None,
        actor_id: str | None = None,
    ) -> Scope:
        """Change the words of a scope or what comes with it; None leaves it as it is.

        Tokens and grants that were given stay as they are.

        Raises:
            NotFound: there is no such scope.
            ValidationError: it is one of the standard scopes, or something cannot be accepted.
        """
        _check_scope(name, description or "")
        with self._database.unit() as unit:
            _in_turn(unit)
            scope = unit.scopes.find(name)
            if scope is None:
                raise NotFound("there is no such scope")
            before = (scope.description, scope.implies)
            if description is not None:
                scope.description = description
            if implies is not None:
                hierarchy.settle(unit, scope, implies)
            after = (scope.description, scope.implies)
            fields = zip(("description", "implies"), before, after, strict=True)
            changed = tuple(field for field, old, new in fields if old != new)
            if changed:
                self._changed(unit, ScopeUpdated(scope=name, changed=changed, actor_id=actor_id))
            return scope

    def delete_scope(self, name: str, *, actor_id: str | None = None) -> None:
        """Remove a scope; clients that have it can no longer ask for it.

        Raises:
            ValidationError: it is one of the standard scopes.
            NotFound: there is no such scope.
        """
        if name in scope_values.STANDARD:
            raise ValidationError(f"{name} is a standard scope (OIDC Core §5.4)", field="scope")
        with self._database.unit() as unit:
            _in_turn(unit)
            scope = unit.scopes.find(name)
            if scope is None:
                raise NotFound("there is no such scope")
            resource = scope.resource_id
            hierarchy.forget(unit, name)
            unit.scopes.delete(name)
            self._changed(unit, ScopeDeleted(scope=name, resource=resource, actor_id=actor_id))

    def _settle_scopes(self, unit: Unit, uri: str, wanted: Collection[str]) -> None:
        present = scopes_of(unit, uri)
        for name in sorted(set(wanted) - present):
            _check_scope(name, "")
            owner = unit.scopes.find(name)
            if owner is not None:
                raise ConflictError(f"scope {name} is registered already", field="scope")
            unit.scopes.add(Scope(name=name, resource_id=uri))
        for name in sorted(present - set(wanted)):
            hierarchy.forget(unit, name)
            unit.scopes.delete(name)

    def _changed(self, unit: Unit, event: Event) -> None:
        unit.versions.bump(CLIENTS)  # Some of it may be open to clients that registered themselves.
        self._recorder.record(unit, event)


def _in_turn(unit: Unit) -> None:
    """Say that the catalogue changes, and wait until changes that began before have ended: this one sees theirs.

    Else a scope could come to imply one that goes out at the same moment, or two
    scopes each other.
    """
    unit.versions.bump(KIND)


def seed_standard_scopes(unit: Unit) -> None:
    """Store the standard scopes with their descriptions, where they are not yet."""
    added = [name for name in scope_values.STANDARD if unit.scopes.find(name) is None]
    for name in added:
        unit.scopes.add(Scope(name=name, description=scope_values.STANDARD[name], is_standard=True))
    if added:
        unit.versions.bump(KIND)


def metadata_of(resource: Resource, scopes: Iterable[str]) -> ResourceMetadata:
    """What is registered of a stored resource."""
    return ResourceMetadata(
        name=resource.name,
        scopes=frozenset(scopes),
        introspected_by=tuple(resource.introspected_by),
        token_format=resource.token_format,
        token_ttl=resource.token_ttl,
        token_alg=resource.token_alg,
        enabled=resource.enabled,
        described=resource.described,
        dynamic_clients=resource.dynamic_clients,
    )


def scopes_of(unit: Unit, uri: str) -> frozenset[str]:
    """The scopes that a resource registered."""
    return frozenset(scope.name for scope in unit.scopes.all() if scope.resource_id == uri)


def _check(unit: Unit, wanted: ResourceMetadata) -> None:
    if not wanted.name.strip() or len(wanted.name) > LONGEST_TEXT or not wanted.name.isprintable():
        raise ValidationError(f"a name has 1 to {LONGEST_TEXT} printable characters", field="name")
    if wanted.token_format is not None and wanted.token_format not in FORMATS:
        raise ValidationError(f"token_format takes {' or '.join(FORMATS)}", field="token_format")
    if wanted.token_ttl is not None and not SHORTEST_TTL <= wanted.token_ttl <= LONGEST_TTL:
        raise ValidationError(f"token_ttl takes {SHORTEST_TTL} to {LONGEST_TTL} seconds", field="token_ttl")
    if wanted.token_alg is not None and wanted.token_alg not in SIGNING_ALGORITHMS:
        raise ValidationError(f"token_alg takes one of {', '.join(SIGNING_ALGORITHMS)}", field="token_alg")
    for client_id in wanted.introspected_by:
        client = unit.clients.find(client_id)
        if client is None:
            raise ValidationError(f"there is no client {client_id}", field="introspected_by")
        if client.token_endpoint_auth_method == "none":
            raise ValidationError(f"{client_id} is public: who introspects proves itself", field="introspected_by")


def _check_scope(name: str, description: str) -> None:
    if not scope_values.is_token(name) or len(name) > LONGEST_TEXT:
        raise ValidationError(f"{name!r} is not a scope (RFC 6749 §3.3)", field="scope")
    if name in scope_values.STANDARD:
        raise ValidationError(f"{name} is a standard scope (OIDC Core §5.4)", field="scope")
    if len(description) > LONGEST_TEXT or not (description.isprintable() or not description):
        raise ValidationError(f"a description has at most {LONGEST_TEXT} printable characters", field="description")


def _apply(resource: Resource, wanted: ResourceMetadata) -> None:
    resource.name = wanted.name.strip()
    resource.introspected_by = list(dict.fromkeys(wanted.introspected_by))
    resource.token_format = wanted.token_format
    resource.token_ttl = wanted.token_ttl
    resource.token_alg = wanted.token_alg
    resource.enabled = wanted.enabled
    resource.described = wanted.described
    resource.dynamic_clients = wanted.dynamic_clients
