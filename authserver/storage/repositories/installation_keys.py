"""Queries over the keys of the installation."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from authserver.protocol import validity
from authserver.storage.models.installation_keys import InstallationKey
from authserver.storage.repositories.rows import Repository


class InstallationKeys(Repository):
    """Sealed keys, by purpose."""

    def find(self, purpose: str) -> bytes | None:
        """The sealed key for a purpose."""
        return self.session.scalar(select(InstallationKey.sealed_key).where(InstallationKey.purpose == purpose))

    def all(self) -> list[tuple[str, bytes]]:
        """Every purpose with its sealed key."""
        rows = self.session.execute(select(InstallationKey.purpose, InstallationKey.sealed_key))
        return [(purpose, sealed) for purpose, sealed in rows]

    def add_missing(self, purpose: str, sealed: bytes) -> None:
        """Store a key unless there is one: of several processes that try at once the first one's stays."""
        insert = postgresql.insert if self.transaction.is_postgresql else sqlite.insert
        values = {"purpose": purpose, "sealed_key": sealed, "created_at": validity.now()}
        self.session.execute(insert(InstallationKey).values(**values).on_conflict_do_nothing())

    def replace_seal(self, purpose: str, sealed: bytes) -> int:
        """Store a key under another sealing key."""
        return self._changed(
            update(InstallationKey).where(InstallationKey.purpose == purpose).values(sealed_key=sealed)
        )
