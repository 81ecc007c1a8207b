"""What an error of the database means: try again, come back later, or a mistake of ours."""

from __future__ import annotations

import sqlite3
from typing import Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

CONTENTION: Final = frozenset({"40001", "40P01", "55P03"})
"""Serialization failure, deadlock, lock not available (PostgreSQL, Appendix A)."""

OUTAGES: Final = ("08", "53", "57P", "57014")
"""Connection exceptions, insufficient resources, operator intervention, a statement that took too long."""

_SQLITE_BUSY: Final = ("locked", "unable to open", "disk i/o error", "database or disk is full")


class CommitLost(Exception):
    """The connection was lost while COMMIT was on its way: nobody knows whether it counts.

    The unit is not tried again, because what is used once would then look as if somebody had replayed it.
    """


def may_succeed_again(error: DBAPIError) -> bool:
    """Whether the same unit of work, begun anew, may succeed."""
    if error.connection_invalidated:
        return True
    if getattr(error.orig, "sqlstate", None) in CONTENTION:
        return True
    return isinstance(error.orig, sqlite3.OperationalError) and "locked" in str(error.orig)


def is_outage(error: BaseException) -> bool:
    """Whether the database is overloaded or away, so that the answer is 503 and not 500.

    `error` is an exception of SQLAlchemy or of the driver itself.
    """
    if isinstance(error, PoolTimeout | CommitLost):
        return True
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or (error.orig is not None and is_outage(error.orig))
    if isinstance(error, sqlite3.OperationalError):
        return any(words in str(error).lower() for words in _SQLITE_BUSY)
    return _is_postgresql_outage(error)


def code_of(error: BaseException) -> str:
    """The database's own word for what happened, which tells no values: SQLITE_IOERR, 57P01.

    Where there is none, because the server did not answer at all, the kind of exception.
    """
    known: object = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(known, "sqlite_errorname", None) or getattr(known, "sqlstate", None)
    return str(code or type(known).__name__)


def _is_postgresql_outage(error: BaseException) -> bool:
    import psycopg  # where SQLite alone is used it is never loaded, unless something fails

    if not isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return False
    # Without a state the server did not answer at all.
    state = error.sqlstate
    return state is None or state in CONTENTION or state.startswith(OUTAGES)
