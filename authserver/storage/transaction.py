"""One transaction on one connection.

What every token costs talks to the driver directly; SQLAlchemy's session, which
costs more than the statements it runs here, is made when something asks for it
and then joins the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, cast

from sqlalchemy import Connection, Dialect, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import PoolProxiedConnection

from authserver.storage.outages import CommitLost


class Transaction:
    """What repositories work on."""

    def __init__(self, engine: Engine, proxied: PoolProxiedConnection, *, writes: bool) -> None:
        self._engine = engine
        self._proxied = proxied
        self._writes = writes
        self._session: Session | None = None
        self._waiting: list[tuple[str, Any]] = []
        self.dialect: Dialect = engine.dialect
        self.driver: Any = proxied.dbapi_connection

    @property
    def is_postgresql(self) -> bool:
        """Whether this is PostgreSQL; SQLite otherwise."""
        return self.dialect.name == "postgresql"

    @property
    def session(self) -> Session:
        """SQLAlchemy's session on this transaction."""
        if self._session is None:
            self._session = Session(self._connection(), expire_on_commit=False)
        if self._waiting:
            self._send()
        return self._session

    def _connection(self) -> Connection:
        """A connection of SQLAlchemy's around the same one; begun already, or never to begin."""
        connection = Connection(self._engine, connection=self._proxied)
        return connection if self.is_postgresql else connection.execution_options(sqlite_begin=None)

    def execute(self, sql: str, parameters: Any = ()) -> Any:
        """Run a statement on the driver, after what the session still holds back; the driver's cursor.

        Raises:
            sqlalchemy.exc.DBAPIError: as SQLAlchemy would have raised it, so that retries and conflicts look alike.
        """
        if self._session is not None:
            self._session.flush()
        try:
            if not self._waiting:
                return self.driver.execute(sql, parameters)
            with self._pipeline():
                return self.driver.execute(sql, parameters)
        except self.dialect.loaded_dbapi.Error as error:
            raise self._translated(sql, error) from error

    def execute_later(self, sql: str, parameters: Any = ()) -> None:
        """Run a write whose outcome nobody waits for.

        PostgreSQL gets it together with the next statement or with COMMIT, which spares a round trip; an error shows
        there.
        """
        if not (self.is_postgresql and self._writes):
            self.execute(sql, parameters)
            return
        self._waiting.append((sql, parameters))

    def _send(self) -> None:
        try:
            with self._pipeline():
                pass
        except self.dialect.loaded_dbapi.Error as error:
            raise self._translated(self._waiting[0][0] if self._waiting else "", error) from error

    @contextmanager
    def _pipeline(self) -> Iterator[None]:
        """Send what waits and what is run inside without waiting for each answer; all are there at the end."""
        if self._session is not None:
            self._session.flush()
        waiting, self._waiting = self._waiting, []
        with self.driver.pipeline():
            for sql, parameters in waiting:
                self.driver.execute(sql, parameters)
            yield

    def begin(self) -> None:
        """Begin. SQLite takes the lock for writing at once; psycopg begins with the first statement."""
        if self.is_postgresql:
            if not self._writes:
                self.driver.autocommit = True
        elif self._writes:
            self.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Keep everything.

        Raises:
            CommitLost: nobody can tell whether it was kept.
            sqlalchemy.exc.DBAPIError: it was not.
        """
        if self._session is not None:
            if self._waiting:
                self._send()
            self._session.commit()
        try:
            if self._waiting:
                with self._pipeline():
                    self.driver.commit()
            else:
                self.driver.commit()
        except self.dialect.loaded_dbapi.Error as error:
            known = self._translated("COMMIT", error)
            if known.connection_invalidated:
                raise CommitLost("the connection was lost while COMMIT was on its way") from error
            raise known from error

    def rollback(self) -> None:
        """Keep nothing. A connection that cannot even do that is given up."""
        self._waiting.clear()
        if not self._proxied.is_valid:
            return
        try:
            if self._session is not None:
                self._session.rollback()
            self.driver.rollback()
        except (SQLAlchemyError, self.dialect.loaded_dbapi.Error):
            if self._proxied.is_valid:
                self._proxied.invalidate()

    def end(self) -> None:
        """Give the connection back."""
        if self._session is not None:
            with suppress(SQLAlchemyError):  # of a connection that was given up
                self._session.close()
        if not self._proxied.is_valid:
            return
        if self.is_postgresql and not self._writes:
            self.driver.autocommit = False
        self._proxied.close()

    def _translated(self, sql: str, error: Exception) -> DBAPIError:
        lost = self.dialect.is_disconnect(cast("Any", error), self.driver, None)
        if lost:
            # The others were opened to the same server and are as old: none of them is handed out again.
            self._engine.pool._invalidate(cast("Any", self._proxied), error)
        return translated(self.dialect, sql, error, lost=lost)


def translated(dialect: Dialect, sql: str, error: Exception, *, lost: bool = False) -> DBAPIError:
    """An error of the driver as SQLAlchemy raises it, without parameters, among which are secrets."""
    errors = dialect.loaded_dbapi.Error
    made: Any = DBAPIError.instance(
        sql, None, error, errors, hide_parameters=True, connection_invalidated=lost, dialect=dialect
    )
    return cast("DBAPIError", made)


def _connected(engine: Engine) -> PoolProxiedConnection:
    try:
        return engine.pool.connect()
    except engine.dialect.loaded_dbapi.Error as error:
        raise translated(engine.dialect, "", error) from error


@contextmanager
def transaction(engine: Engine, *, writes: bool) -> Iterator[Transaction]:
    """A transaction that commits at the end, or a connection that only reads, each statement by itself.

    An exception takes back what was written.
    """
    current = Transaction(engine, _connected(engine), writes=writes)
    try:
        current.begin()
        yield current
        if writes:
            current.commit()
    except BaseException:
        current.rollback()
        raise
    finally:
        current.end()
