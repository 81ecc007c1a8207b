"""Queries over the keys of personal data."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from authserver.protocol import validity
from authserver.storage.models.user_keys import UserKey
from authserver.storage.repositories.rows import Repository


class UserKeys(Repository):
    """Sealed keys, by holder."""

    def find_many(self, holders: Iterable[str]) -> dict[str, bytes | None]:
        """The sealed keys of these holders; None for an erased one, nothing for an unknown one."""
        statement = select(UserKey.holder, UserKey.sealed_key).where(UserKey.holder.in_(list(holders)))
        return {holder: key for holder, key in self.session.execute(statement)}  # noqa: C416

    def page(self, limit: int, after: str = "") -> list[tuple[str, bytes]]:
        """Holders with the sealed keys that were not erased, in order, from the one after `after` on."""
        statement = select(UserKey.holder, UserKey.sealed_key).where(UserKey.holder > after)
        rows = self.session.execute(
            statement.where(UserKey.sealed_key.is_not(None)).order_by(UserKey.holder).limit(limit)
        )
        return [(holder, key) for holder, key in rows if key is not None]

    def replace_seal(self, holder: str, sealed: bytes) -> int:
        """Store a holder's key under another sealing key; 0 where it was erased."""
        statement = update(UserKey).where(UserKey.holder == holder, UserKey.sealed_key.is_not(None))
        return self._changed(statement.values(sealed_key=sealed))

    def add_missing(self, keys: dict[str, bytes]) -> None:
        """Store keys for holders that have none; a key or a tombstone that is there stays."""
        now = validity.now()
        rows = [{"holder": holder, "sealed_key": key, "created_at": now} for holder, key in keys.items()]
        self.session.connection().execute(self._insert().on_conflict_do_nothing(index_elements=["holder"]), rows)

    def erase(self, holder: str) -> None:
        """Destroy a holder's key for good; a holder without one gets the tombstone all the same."""
        now = validity.now()
        self.session.connection().execute(
            self._insert().on_conflict_do_update(
                index_elements=["holder"], set_={"sealed_key": None, "erased_at": now}
            ),
            {"holder": holder, "sealed_key": None, "created_at": now, "erased_at": now},
        )

    def erase_anonymous(self, before: datetime) -> int:
        """Destroy the keys of data that belongs to nobody in particular and is older than a moment."""
        statement = update(UserKey).where(
            UserKey.holder.startswith("anonymous:"), UserKey.created_at < before, UserKey.sealed_key.is_not(None)
        )
        return self._changed(statement.values(sealed_key=None, erased_at=validity.now()))

    def _insert(self) -> sqlite.Insert | postgresql.Insert:
        if self.transaction.is_postgresql:
            return postgresql.insert(UserKey)
        return sqlite.insert(UserKey)
