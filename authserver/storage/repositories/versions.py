"""Versions of the snapshots that processes hold in memory."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from authserver.storage.models.state import Version
from authserver.storage.repositories.rows import Repository


class Versions(Repository):
    """A counter for each kind of snapshot; whoever writes bumps it in the same transaction."""

    def read(self) -> dict[str, int]:
        """Every counter."""
        return {kind: value for kind, value in self.session.execute(select(Version.kind, Version.value))}  # noqa: C416

    def bump(self, kind: str) -> None:
        """Say that a kind of snapshot changed."""
        if self._changed(update(Version).where(Version.kind == kind).values(value=Version.value + 1)):
            return
        insert = postgresql.insert if self.transaction.is_postgresql else sqlite.insert
        statement = insert(Version).values(kind=kind, value=1)
        self.session.execute(
            statement.on_conflict_do_update(index_elements=["kind"], set_={"value": Version.value + 1})
        )
