"""Queries over protected resources and scopes."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from authserver.protocol import validity
from authserver.protocol.errors import ConflictError, NotFound
from authserver.storage.models.clients import Resource, Scope
from authserver.storage.repositories.rows import Repository


class Resources(Repository):
    """Protected resources, by URI."""

    def add(self, resource: Resource) -> Resource:
        """Store a new resource. Raises ConflictError when the URI is taken."""
        self.session.add(resource)
        try:
            self.session.flush()
        except IntegrityError as error:
            raise ConflictError("a resource with this URI exists", field="id") from error
        return resource

    def save(self, resource: Resource) -> None:
        """Store what changed of a resource."""
        resource.updated_at = validity.now()
        self.session.flush()

    def find(self, uri: str) -> Resource | None:
        """The resource with this URI."""
        return self.session.get(Resource, uri)

    def get(self, uri: str) -> Resource:
        """The resource with this URI. Raises NotFound."""
        resource = self.find(uri)
        if resource is None:
            raise NotFound("there is no such resource")
        return resource

    def all(self) -> list[Resource]:
        """Every resource, in order of URI."""
        return list(self.session.scalars(select(Resource).order_by(Resource.id)))

    def delete(self, uri: str) -> bool:
        """Remove a resource and its scopes."""
        return self._changed(delete(Resource).where(Resource.id == uri)) == 1


class Scopes(Repository):
    """Registered scopes, by name."""

    def add(self, scope: Scope) -> Scope:
        """Store a new scope. Raises ConflictError when the name is taken."""
        self.session.add(scope)
        try:
            self.session.flush()
        except IntegrityError as error:
            raise ConflictError(f"scope {scope.name} is registered already", field="scope") from error
        return scope

    def find(self, name: str) -> Scope | None:
        """The scope with this name."""
        return self.session.get(Scope, name)

    def all(self) -> list[Scope]:
        """Every scope, in order of name."""
        return list(self.session.scalars(select(Scope).order_by(Scope.name)))

    def delete(self, name: str) -> bool:
        """Remove a scope."""
        return self._changed(delete(Scope).where(Scope.name == name)) == 1
