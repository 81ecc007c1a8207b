"""Queries over registered types of authorization details."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from authserver.protocol.errors import ConflictError
from authserver.storage.models.clients import AuthorizationType
from authserver.storage.repositories.rows import Repository


class AuthorizationTypes(Repository):
    """Registered types, by name."""

    def add(self, row: AuthorizationType) -> AuthorizationType:
        """Store a new type. Raises ConflictError when it is taken."""
        self.session.add(row)
        try:
            self.session.flush()
        except IntegrityError as error:
            raise ConflictError(f"the type {row.type} is registered already", field="type") from error
        return row

    def find(self, type_: str) -> AuthorizationType | None:
        """The type of this name."""
        return self.session.get(AuthorizationType, type_)

    def all(self) -> list[AuthorizationType]:
        """Every type, in order of name."""
        return list(self.session.scalars(select(AuthorizationType).order_by(AuthorizationType.type)))

    def delete(self, type_: str) -> bool:
        """Remove a type."""
        return self._changed(delete(AuthorizationType).where(AuthorizationType.type == type_)) == 1
