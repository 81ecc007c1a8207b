"""Queries over issuers of assertions."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from authserver.protocol.errors import ConflictError
from authserver.storage.models.assertion_issuers import AssertionIssuer
from authserver.storage.repositories.rows import Repository


class AssertionIssuers(Repository):
    """Trusted issuers, by identifier."""

    def add(self, issuer: AssertionIssuer) -> AssertionIssuer:
        """Store a new issuer. Raises ConflictError when it is there already."""
        self.session.add(issuer)
        try:
            self.session.flush()
        except IntegrityError as error:
            raise ConflictError("this issuer is registered already", field="id") from error
        return issuer

    def find(self, issuer: str) -> AssertionIssuer | None:
        """The issuer with this identifier."""
        return self.session.get(AssertionIssuer, issuer)

    def all(self) -> list[AssertionIssuer]:
        """Every issuer, in order of identifier."""
        return list(self.session.scalars(select(AssertionIssuer).order_by(AssertionIssuer.id)))

    def delete(self, issuer: str) -> bool:
        """Remove an issuer."""
        return self._changed(delete(AssertionIssuer).where(AssertionIssuer.id == issuer)) == 1
