"""Short-lived values in SQL, for installations without Redis and for when Redis is down."""

from __future__ import annotations

from sqlalchemy import bindparam, case, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from authserver.protocol import validity
from authserver.storage.compiled import Compiled
from authserver.storage.models.state import EphemeralValue
from authserver.storage.repositories.rows import Repository


def _first(insert: postgresql.Insert | sqlite.Insert) -> Compiled:
    """Stores a key unless it is there and live, and then returns it: one statement, so one is first."""
    moment = EphemeralValue.expires_at.type
    values = {
        "key": bindparam("key"),
        "value": b"",
        "count": 0,
        "expires_at": bindparam("end", type_=moment),
    }
    statement = insert.values(values)
    return Compiled(
        statement.on_conflict_do_update(
            index_elements=["key"],
            set_={"expires_at": statement.excluded.expires_at},
            where=EphemeralValue.expires_at <= bindparam("moment", type_=moment),
        ).returning(EphemeralValue.key)
    )


_FIRST_POSTGRESQL = _first(postgresql.insert(EphemeralValue))
_FIRST_SQLITE = _first(sqlite.insert(EphemeralValue))


class EphemeralValues(Repository):
    """Values by key; a value past its end is as good as absent."""

    def find(self, key: str) -> bytes | None:
        """The value under `key`, unless its time is over."""
        row = self.session.get(EphemeralValue, key)
        return None if row is None or row.is_expired else row.value

    def put(self, key: str, value: bytes, ttl: float) -> None:
        """Store `value` under `key` for `ttl` seconds, over whatever was there."""
        row = {"key": key, "value": value, "expires_at": validity.after(ttl)}
        statement = self._insert().values(row)
        self.session.execute(
            statement.on_conflict_do_update(
                index_elements=["key"], set_={"value": value, "expires_at": row["expires_at"]}
            )
        )

    def once(self, key: str, ttl: float) -> bool:
        """Note that what `key` names happened, for `ttl` seconds; tells whether it had not happened before."""
        statement = _FIRST_POSTGRESQL if self.transaction.is_postgresql else _FIRST_SQLITE
        moment = validity.now()
        end = validity.after(ttl, moment)
        return statement.first(self.transaction, key=key, end=end, moment=moment) is not None

    def increment(self, key: str, ttl: float) -> int:
        """Add one to the counter under `key` and return it; a new counter ends after `ttl` seconds."""
        moment, end = validity.now(), validity.after(ttl)
        live = EphemeralValue.expires_at > moment
        statement = (
            self._insert()
            .values(key=key, value=b"", count=1, expires_at=end)
            .on_conflict_do_update(
                index_elements=["key"],
                set_={
                    "count": case((live, EphemeralValue.count + 1), else_=1),
                    "expires_at": case((live, EphemeralValue.expires_at), else_=end),
                },
            )
            .returning(EphemeralValue.count)
        )
        return self.session.execute(statement).scalar_one()

    def count(self, key: str) -> int:
        """The counter under `key`, 0 when there is none."""
        statement = select(EphemeralValue.count).where(
            EphemeralValue.key == key, EphemeralValue.expires_at > validity.now()
        )
        return self.session.scalar(statement) or 0

    def remove(self, *keys: str) -> None:
        """Forget what is under these keys."""
        self._changed(delete(EphemeralValue).where(EphemeralValue.key.in_(keys)))

    def keys(self, prefix: str) -> list[str]:
        """The live keys that begin with `prefix`."""
        statement = select(EphemeralValue.key).where(
            EphemeralValue.key.startswith(prefix, autoescape=True), EphemeralValue.expires_at > validity.now()
        )
        return list(self.session.scalars(statement))

    def _insert(self) -> postgresql.Insert | sqlite.Insert:
        postgres = self.transaction.is_postgresql
        return postgresql.insert(EphemeralValue) if postgres else sqlite.insert(EphemeralValue)
