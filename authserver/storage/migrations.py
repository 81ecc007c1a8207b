"""Brings the schema to a version, one process at a time.

The lock is the write lock on SQLite (BEGIN IMMEDIATE) and an advisory lock on
PostgreSQL. Everything under it is one transaction: a migration that fails
leaves nothing behind. Alembic is imported only when it has something to do.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.types import TypeDecorator

from authserver.storage.columns import Base
from authserver.storage.database import MIGRATIONS, Database

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.config import Config

HEAD = "0001"
"""The migration that this code needs."""

ADVISORY_LOCK = 0x617574687376
LOCK_SECONDS = 120


class StaleSchema(Exception):
    """The schema is not the one that this code needs. `found` is None for an empty database."""

    def __init__(self, found: str | None) -> None:
        if found is None:
            super().__init__("the database is empty: run `authserver init`")
        else:
            super().__init__(f"the schema is at {found}, this version needs {HEAD}: run `authserver db upgrade`")
        self.found = found


def current(database: Database) -> str | None:
    """The migration the schema stands at, or None for an empty database."""
    with database.engine.connect() as connection:
        return _revision(connection)


def require_head(database: Database) -> None:
    """Do nothing if the schema is the one this code needs. Raises StaleSchema."""
    found = current(database)
    if found != HEAD:
        raise StaleSchema(found)


def upgrade(database: Database, revision: str = "head") -> str:
    """Bring the schema up to `revision` and return where it stands; others who try wait and find it done."""

    def run(connection: Connection) -> None:
        if revision == "head" and _revision(connection) == HEAD:
            return
        command = _alembic()
        command.upgrade(_config(database, connection), revision)

    _locked(database, run)
    return current(database) or "base"


def downgrade(database: Database, revision: str) -> str:
    """Take the schema back to `revision` (`base` empties it, data included) and return where it stands."""

    def run(connection: Connection) -> None:
        command = _alembic()
        command.downgrade(_config(database, connection), revision)

    _locked(database, run)
    return current(database) or "base"


def check(database: Database) -> list[str]:
    """What differs between the schema and the models, one sentence each; nothing when all is well."""
    found = current(database)
    if found != HEAD:
        return [str(StaleSchema(found))]
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=comparison(connection))
        return [_sentence(difference) for difference in compare_metadata(context, Base.metadata)]


def comparison(connection: Connection) -> dict[str, Any]:
    """How schema and models are compared and written, the same for developers and for the drift check."""
    return {
        "target_metadata": Base.metadata,
        "compare_type": _differs,
        "render_item": _render,
        "render_as_batch": connection.dialect.name == "sqlite",
    }


def development_app() -> Any:
    """The Flask application that `flask --app authserver.storage.migrations:development_app db …` runs in."""
    from authserver import settings, storage

    database = storage.open(settings.load())
    _prepare(database)
    return database.flask_app


def _prepare(database: Database) -> None:
    """Make Flask-Migrate known to the application that Flask-SQLAlchemy was configured in."""
    from flask_migrate import Migrate

    app = database.flask_app
    Migrate(app, app.extensions["sqlalchemy"], directory=str(MIGRATIONS))


def _alembic() -> Any:
    """Alembic's commands; imported here, because it is heavy and seldom needed."""
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells of itself, not of the schema
    from alembic import command

    return command


def _config(database: Database, connection: Connection) -> Config:
    _prepare(database)
    app = database.flask_app
    with app.app_context():
        config: Config = app.extensions["migrate"].migrate.get_config()
    config.attributes["connection"] = connection
    return config


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _locked(database: Database, work: Callable[[Connection], None]) -> None:
    """Run `work` in one transaction that nobody else migrates in."""
    with _patient_connection(database) as connection, connection.begin():
        if database.dialect == "postgresql":
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        work(connection)
        _before_commit(connection)


@contextmanager
def _patient_connection(database: Database) -> Iterator[Connection]:
    """A connection that waits for the lock; on SQLite with foreign keys off.

    SQLite alters a table by copying and dropping it, and with foreign keys on a
    dropped table deletes the rows that refer to it. The switch only works
    outside a transaction.
    """
    with _connect(database) as connection:
        raw = connection.connection.dbapi_connection
        if database.dialect == "postgresql" or raw is None:
            yield connection
            return
        raw.execute(f"PRAGMA busy_timeout={LOCK_SECONDS * 1000}")
        raw.execute("PRAGMA foreign_keys=OFF")
        try:
            yield connection
        finally:
            connection.invalidate()


def _connect(database: Database) -> Connection:
    """Connect, although another process may be turning the same fresh SQLite file to WAL just now."""
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            return database.engine.connect()
        except OperationalError as error:
            if "locked" not in str(error.orig) or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _before_commit(connection: Connection) -> None:
    """Refuse to commit rows whose references were broken while SQLite did not look."""
    if connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        tables = ", ".join(sorted({row[0] for row in broken}))
        raise RuntimeError(f"rows in {tables} refer to rows that are not there")


def _differs(_context: Any, _inspected: Any, _column: Any, found: Any, wanted: Any) -> bool | None:
    """Compare what a decorated type is stored as, not the decorator."""
    if isinstance(wanted, TypeDecorator):
        return str(found) != str(wanted.impl_instance) and None
    return None


def _render(kind: str, item: Any, context: AutogenContext) -> str | bool:  # noqa: ARG001
    """Write decorated types as what they are stored as, because a migration does not import models."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return "sa.DateTime(timezone=True)"
    return False


def _sentence(difference: Any) -> str:
    """One line for what the comparison found, without the objects in it."""
    if isinstance(difference, list):
        return "; ".join(_sentence(item) for item in difference)
    named = [getattr(part, "name", part) for part in difference if not isinstance(part, dict)]
    return " ".join(str(part) for part in named if part is not None)
