"""Which errors of a database say: again, later, or never."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import psycopg
import pytest
from psycopg import errors
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from authserver.storage.outages import CommitLost, code_of, is_outage, may_succeed_again

LOCKED = sqlite3.OperationalError("database is locked")
NO_TABLE = sqlite3.OperationalError("no such table: users")
REFUSED = psycopg.OperationalError("connection refused")


def wrapped(error: Exception, *, invalidated: bool = False) -> DBAPIError:
    return OperationalError("SELECT 1", None, error, connection_invalidated=invalidated)


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (wrapped(LOCKED), True),
        (wrapped(errors.SerializationFailure()), True),
        (wrapped(errors.DeadlockDetected()), True),
        (wrapped(errors.LockNotAvailable()), True),
        (wrapped(REFUSED, invalidated=True), True),
        (wrapped(REFUSED), False),
        (wrapped(NO_TABLE), False),
        (wrapped(errors.UniqueViolation()), False),
    ],
)
def test_what_may_succeed_again(error: DBAPIError, again: bool) -> None:
    assert may_succeed_again(error) is again


@pytest.mark.parametrize(
    "error",
    [
        PoolTimeout(),
        CommitLost(),
        wrapped(LOCKED),
        LOCKED,
        sqlite3.OperationalError("unable to open database file"),
        REFUSED,
        wrapped(REFUSED),
        wrapped(REFUSED, invalidated=True),
        errors.AdminShutdown(),
        errors.TooManyConnections(),
        errors.QueryCanceled(),
        wrapped(errors.DeadlockDetected()),
    ],
)
def test_outages(error: Exception) -> None:
    assert is_outage(error)


@pytest.mark.parametrize(
    "error",
    [
        ValueError(),
        NO_TABLE,
        wrapped(NO_TABLE),
        errors.UndefinedTable(),
        ProgrammingError("SELECT 1", None, ValueError()),
    ],
)
def test_mistakes_of_ours_are_no_outages(error: Exception) -> None:
    assert not is_outage(error)


def mistaken() -> sqlite3.OperationalError:
    with closing(sqlite3.connect(":memory:")) as connection, pytest.raises(sqlite3.OperationalError) as raised:
        connection.execute("no statement")
    return raised.value


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (wrapped(mistaken()), "SQLITE_ERROR"),
        (mistaken(), "SQLITE_ERROR"),
        (wrapped(errors.AdminShutdown()), "57P01"),
        (wrapped(REFUSED), "OperationalError"),
        (PoolTimeout(), "TimeoutError"),
    ],
)
def test_the_log_names_an_outage_by_the_code_of_the_database(error: Exception, code: str) -> None:
    assert code_of(error) == code
