"""The read that every use of a token costs, as a raw prepared statement.

The same statement as `repositories.liveness`, compiled once and handed to the
driver without session, transaction or pre-ping: a tenth of the cost on either
database. Outside of a transaction it sees what is committed, which is what a
revocation needs. A connection that broke is replaced and the read, which
changes nothing, is made once more.
"""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, cast
from weakref import WeakSet

from sqlalchemy import Engine
from sqlalchemy.pool import Pool, QueuePool

from authserver.storage.repositories.liveness import STATEMENT, Standing

MOMENTS = frozenset(name for name in Standing._fields if name.endswith("_at"))
_MOMENT_AT = tuple(index for index, name in enumerate(Standing._fields) if name in MOMENTS)
_FLAG_AT = tuple(
    index for index, name in enumerate(Standing._fields) if name in {"client_enabled", "offline", "is_active"}
)

CACHE_KIB = 256
"""Pages that a thread's SQLite connection keeps; with 64 threads the default would be 128 MB."""

Row = Sequence[Any]


class HotReads:
    """Reads what stands behind a token. `size` is the number of PostgreSQL connections it may hold."""

    def __init__(self, engine: Engine, size: int) -> None:
        compiled = STATEMENT.compile(dialect=engine.dialect)
        self._sql = str(compiled)
        self._positions = tuple(compiled.positiontup or ())
        is_postgresql = engine.dialect.name == "postgresql"
        self._read: Callable[[dict[str, str]], Row | None]
        self._read = (
            _PostgreSQL(engine, self._sql, size) if is_postgresql else _SQLite(engine, self._sql, self._positions)
        )
        self._standing = _as_it_is if is_postgresql else _from_sqlite

    def read(self, client_id: str, grant_id: str | None, jti: str | None) -> Standing | None:
        """What stands behind a token of this client; None when the client is gone."""
        row = self._read({"client_id": client_id, "grant_id": grant_id or "", "jti": jti or ""})
        return None if row is None else self._standing(row)

    def close(self) -> None:
        """Close the connections of this process."""
        cast("_SQLite | _PostgreSQL", self._read).close()


class _SQLite:
    """One connection for each thread: opening one is cheap and the file is local. It is closed with its thread."""

    def __init__(self, engine: Engine, sql: str, positions: tuple[str, ...]) -> None:
        self._engine = engine
        self._sql = sql
        self._positions = positions
        self._local = threading.local()
        self._opened: WeakSet[_Held] = WeakSet()
        self._lock = threading.Lock()

    def __call__(self, values: dict[str, str]) -> Row | None:
        parameters = tuple(values[name] for name in self._positions) if self._positions else values
        held: _Held | None = getattr(self._local, "held", None)
        if held is None:
            held = self._local.held = self._open()
        row: Row | None = held.connection.execute(self._sql, parameters).fetchone()
        return row

    def _open(self) -> _Held:
        arguments, options = self._engine.dialect.create_connect_args(self._engine.url)
        chosen: dict[str, Any] = {**options, "timeout": 15, "check_same_thread": False, "isolation_level": None}
        connection = cast("sqlite3.Connection", cast("Any", sqlite3.connect)(*arguments, **chosen))
        connection.execute("PRAGMA query_only=ON")
        connection.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
        held = _Held(connection)
        with self._lock:
            self._opened.add(held)
        return held

    def close(self) -> None:
        with self._lock:
            for held in list(self._opened):
                held.connection.close()
            self._opened.clear()
        self._local = threading.local()


class _Held:
    """A connection of one thread. A thread that ends drops it, and with it the connection and its file."""

    __slots__ = ("__weakref__", "connection")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        weakref.finalize(self, connection.close).atexit = False


class _PostgreSQL:
    """A small pool of autocommit connections; psycopg prepares the statement on the server."""

    def __init__(self, engine: Engine, sql: str, size: int) -> None:
        self._sql = sql
        self._engine = engine
        patience = cast("QueuePool", engine.pool).timeout()
        self._pool: Pool = QueuePool(self._open, pool_size=size, max_overflow=0, timeout=patience, reset_on_return=None)

    def __call__(self, values: dict[str, str]) -> Row | None:
        import psycopg

        pool = self._pool
        try:
            return self._fetch(pool, values)
        except psycopg.Error:
            # What broke one connection broke its neighbours: a server that was restarted, a changed table.
            return self._fetch(self._renewed(pool), values)

    def _renewed(self, broken: Pool) -> Pool:
        if self._pool is broken:
            self._pool = broken.recreate()
            broken.dispose()
        return self._pool

    def _fetch(self, pool: Pool, values: dict[str, str]) -> Row | None:
        fairy = pool.connect()
        try:
            connection = cast("Any", fairy.dbapi_connection)
            row: Row | None = connection.execute(self._sql, values, prepare=True).fetchone()
        except Exception:
            fairy.invalidate()
            raise
        fairy.close()
        return row

    def _open(self) -> Any:
        import psycopg

        arguments, options = self._engine.dialect.create_connect_args(self._engine.url)
        limits = "-c statement_timeout=15000"
        chosen = {**options, "autocommit": True, "connect_timeout": 5, "options": limits}
        return psycopg.connect(*arguments, **chosen)

    def close(self) -> None:
        self._pool.dispose()


def _as_it_is(row: Row) -> Standing:
    return Standing._make(row)


def _from_sqlite(row: Row) -> Standing:
    """SQLite has neither booleans nor moments: numbers and naive UTC text become what they mean."""
    values = list(row)
    for index in _FLAG_AT:
        if values[index] is not None:
            values[index] = bool(values[index])
    for index in _MOMENT_AT:
        if values[index] is not None:
            values[index] = datetime.fromisoformat(values[index]).replace(tzinfo=UTC)
    return Standing._make(values)
