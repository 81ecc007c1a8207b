"""The database: one engine, units of work on its connections.

The engine is SQLAlchemy's own. Flask-SQLAlchemy and Flask are loaded for
Flask-Migrate alone, when there is something to migrate: they are a quarter of
what a command costs to start.
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import orjson
from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

from authserver.protocol.errors import Refused
from authserver.settings.schema import Settings
from authserver.storage import models  # noqa: F401 - registers the tables
from authserver.storage.columns import Base
from authserver.storage.files import make_private
from authserver.storage.hot_reads import HotReads
from authserver.storage.joint_writes import JointWrites
from authserver.storage.outages import CommitLost, may_succeed_again
from authserver.storage.places import Places
from authserver.storage.transaction import transaction
from authserver.storage.unit import Unit

if TYPE_CHECKING:
    from flask import Flask

Result = TypeVar("Result")
MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
SQLITE_BUSY_SECONDS = 15
RETRIES = 5
CHECKPOINTS = "wal_autocheckpoint=4000"
"""Pages of the write-ahead log (16 MB) before they are moved: a page that changes often is then moved once."""
ASK_AFTER_SECONDS = 0.5
"""Rest after which a PostgreSQL connection is asked for a sign of life before it is used."""


class Database:
    """A database that is open."""

    def __init__(self, engine: Engine, hot_connections: int = 2) -> None:
        self.engine = engine
        self._hot_connections = hot_connections
        self.dialect: Literal["sqlite", "postgresql"] = (
            "postgresql" if engine.dialect.name == "postgresql" else "sqlite"
        )
        self.hot_reads = HotReads(engine, hot_connections)
        self._inherited: HotReads | None = None
        self._places = self._new_places()
        self._joint_writes = self._new_joint_writes()

    def _new_joint_writes(self) -> JointWrites | None:
        """PostgreSQL lets many write at once, and joins their commits itself."""
        return JointWrites(self.unit, SQLITE_BUSY_SECONDS) if self.dialect == "sqlite" else None

    def _new_places(self) -> Places:
        return Places(self.engine.pool, SQLITE_BUSY_SECONDS if self.dialect == "sqlite" else None)

    @contextmanager
    def unit(self) -> Iterator[Unit]:
        """A transaction that may write. Commits at the end; an exception rolls it back.

        A `Refused` rolls back too, but its effects are then committed in a
        transaction of their own before the error is raised.
        """
        with self._places.taken_for_writing():
            try:
                with transaction(self.engine, writes=True) as current:
                    unit = Unit(current)
                    yield unit
                unit.committed()
            except Refused as refused:
                raise self._keep_effects(refused) from refused

    def _keep_effects(self, refused: Refused) -> Exception:
        """Commit what the refusal leaves behind; what is to be raised, which an effect may know better."""
        error = refused.error
        if not refused.effects:
            return error
        with transaction(self.engine, writes=True) as current:
            unit = Unit(current)
            for effect in refused.effects:
                outcome = effect(unit)
                error = outcome if isinstance(outcome, Exception) else error
        unit.committed()
        return error

    @contextmanager
    def reading(self) -> Iterator[Unit]:
        """A unit that only reads: no BEGIN, nothing to commit."""
        with self._places.taken(), transaction(self.engine, writes=False) as current:
            yield Unit(current)

    @contextmanager
    def reading_aside(self) -> Iterator[Unit]:
        """As `reading`, on the connection that is left for what units themselves may wait for.

        For what a process remembers and reads anew, under a lock perhaps, in the middle of somebody's unit.
        Nothing else may be waited for inside.
        """
        with transaction(self.engine, writes=False) as current:
            yield Unit(current)

    def retrying(self, work: Callable[[], Result]) -> Result:
        """Run `work` again, with growing pauses, while the database says that another try may succeed.

        `work` must be a whole unit: it is begun anew each time, so nothing is done twice.
        """
        for attempt in range(RETRIES):
            try:
                return work()
            except DBAPIError as error:
                if attempt == RETRIES - 1 or not may_succeed_again(error):
                    raise
                time.sleep(0.02 * 2**attempt * (0.5 + random.random()))  # noqa: S311 - jitter, not a secret
        raise AssertionError("unreachable")

    def single_write(self, work: Callable[[Unit], Result]) -> Result:
        """What `work`, a write of one statement, returns once it is committed; tried again as `retrying` does.

        PostgreSQL commits the statement by itself, in one round trip. On SQLite it may share its transaction with
        those of others, and run twice (`storage.joint_writes`).

        Raises:
            CommitLost: nobody can tell whether it was kept.
        """
        joint = self._joint_writes
        return self.retrying(lambda: self._statement(work) if joint is None else joint.run(work))

    def _statement(self, work: Callable[[Unit], Result]) -> Result:
        try:
            with self._places.taken(), transaction(self.engine, writes=False) as current:
                return work(Unit(current))
        except DBAPIError as error:
            if error.connection_invalidated:
                raise CommitLost("the connection was lost while the statement was on its way") from error
            raise

    def ping(self) -> None:
        """Ask the database for a sign of life. Raises what the driver raises."""
        with self.engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    def schema_version(self) -> str | None:
        """The migration the schema stands at, or None for an empty database."""
        from alembic.runtime.migration import MigrationContext

        with self.engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()

    @cached_property
    def flask_app(self) -> Flask:
        """A private application with Flask-SQLAlchemy on the same database, for Flask-Migrate alone."""
        from flask import Flask
        from flask_sqlalchemy import SQLAlchemy

        app = Flask("authserver.storage")
        app.config["SQLALCHEMY_DATABASE_URI"] = self.engine.url
        SQLAlchemy(model_class=Base).init_app(app)
        return app

    def dispose_after_fork(self) -> None:
        """Forget connections that a parent process opened, without closing them under it."""
        self.engine.dispose(close=False)
        self._places = self._new_places()
        self._joint_writes = self._new_joint_writes()
        self._inherited = self.hot_reads
        self.hot_reads = HotReads(self.engine, self._hot_connections)

    def close(self) -> None:
        """Close every connection of this process."""
        self.hot_reads.close()
        self.engine.dispose()


def open_database(settings: Settings) -> Database:
    """Open the database that `settings.database_url` names.

    Raises:
        sqlalchemy.exc.ArgumentError: the URL cannot be understood.
    """
    url = make_url(_driver_url(settings.database_url))
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        make_private(Path(url.database))
    # Parameters of failed statements would reach the log inside exception texts, secrets among them.
    engine = create_engine(url, hide_parameters=True, **_engine_options(url.get_backend_name(), settings))
    if engine.dialect.name == "sqlite":
        _tame_sqlite(engine)
    else:
        _ask_after_rest(engine)
    return Database(engine, _shares(settings)[1])


def _driver_url(url: str) -> str:
    """Name psycopg 3 where a URL leaves the driver open, as hosting platforms do."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def _engine_options(backend: str, settings: Settings) -> dict[str, Any]:
    if backend == "sqlite":
        # The connection that was given back last has the pages in memory.
        connecting = {"timeout": SQLITE_BUSY_SECONDS, "check_same_thread": False}
        return {"connect_args": connecting, "pool_size": 16, "pool_use_lifo": True}
    return {
        "json_serializer": lambda value: orjson.dumps(value).decode(),
        "json_deserializer": orjson.loads,
        "pool_size": _shares(settings)[0],
        "max_overflow": 0,
        "pool_timeout": settings.database_pool_timeout,
        "connect_args": {"connect_timeout": 5, "options": "-c statement_timeout=15000 -c lock_timeout=10000"},
    }


def _shares(settings: Settings) -> tuple[int, int]:
    """How many of the instance's connections a worker has for transactions, and how many for hot reads."""
    share = max(3, settings.database_pool_size // max(1, settings.workers))
    hot = max(1, share // 3)
    return share - hot, hot


def _tame_sqlite(engine: Engine) -> None:
    """Take transaction control from the driver: its own loses updates under threads.

    A unit that may write begins IMMEDIATE, because a deferred transaction that
    turns into a write fails at once, whatever the busy timeout.
    """

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL", "temp_store=MEMORY", CHECKPOINTS):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        mode = connection.get_execution_options().get("sqlite_begin", "IMMEDIATE")
        if mode:
            connection.exec_driver_sql(f"BEGIN {mode}")


def _ask_after_rest(engine: Engine) -> None:
    """Make sure that a connection still lives, if it rested: asking each time would cost a round trip a request."""

    @event.listens_for(engine, "checkin")
    def note(_connection: Any, record: ConnectionPoolEntry) -> None:
        record.info["rests_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def ask(connection: Any, record: ConnectionPoolEntry, _proxied: Any) -> None:
        if time.monotonic() - record.info.get("rests_since", float("inf")) < ASK_AFTER_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError("the server ended the connection") from error
