"""One transaction, whichever door a statement takes into it."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from authserver.storage import Database, Unit
from authserver.storage import database as database_module
from authserver.storage.frozen import frozen
from authserver.storage.models.clients import ClientRecord
from authserver.storage.models.grants import Grant
from authserver.storage.outages import CommitLost

TERMINATE = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def end_connections(database: Database) -> None:
    """As an administrator or a restart of the server does."""
    with database.engine.connect() as connection:
        connection.execute(text(TERMINATE))
        connection.invalidate()


def count(unit: Unit) -> int:
    return unit.session.execute(text("SELECT count(*) FROM oauth2_clients")).scalar_one()


def test_driver_sees_what_the_session_holds_back(database: Database) -> None:
    with database.unit() as unit:
        unit.session.add(ClientRecord(id="app", name="App"))
        unit.grants.add(Grant(client_id="app"))
    with database.reading() as unit:
        assert count(unit) == 1


def test_both_doors_roll_back_together(database: Database) -> None:
    def interrupted() -> None:
        with database.unit() as unit:
            unit.session.add(ClientRecord(id="app", name="App"))
            unit.grants.add(Grant(id="grant", client_id="app"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        interrupted()
    with database.reading() as unit:
        assert (count(unit), unit.grants.find("grant")) == (0, None)


def test_connection_is_good_after_an_error(database: Database) -> None:
    def violating() -> None:
        with database.unit() as unit:
            unit.grants.add(Grant(client_id="nobody"))

    for _ in range(3):
        with pytest.raises(IntegrityError):
            violating()
    with database.unit() as unit:
        assert count(unit) == 0


@pytest.mark.postgresql
def test_rested_connection_that_was_ended_is_replaced(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    if database.dialect != "postgresql":
        return
    with database.unit() as unit:
        count(unit)
    monkeypatch.setattr(database_module, "ASK_AFTER_SECONDS", 0.0)
    end_connections(database)
    with database.unit() as unit:
        assert count(unit) == 0


@pytest.mark.postgresql
def test_unit_whose_connection_was_ended_succeeds_on_the_next_try(database: Database) -> None:
    if database.dialect != "postgresql":
        return
    tries: list[DBAPIError | None] = []

    def work() -> None:
        with database.unit() as unit:
            unit.grants.find("grant")
            if not tries:
                end_connections(database)
            tries.append(None)
            unit.grants.find("grant")

    database.retrying(work)
    assert len(tries) == 2


@pytest.mark.postgresql
def test_commit_whose_outcome_nobody_knows_is_not_tried_again(database: Database) -> None:
    if database.dialect != "postgresql":
        return
    tries = 0

    def work() -> None:
        nonlocal tries
        with database.unit() as unit:
            tries += 1
            unit.grants.find("grant")
            end_connections(database)

    with pytest.raises(CommitLost):
        database.retrying(work)
    assert tries == 1


def test_a_single_write_is_kept_without_a_unit_around_it(database: Database) -> None:
    assert database.single_write(lambda unit: unit.ephemeral.once("key", 60))
    with database.unit() as unit:
        assert not unit.ephemeral.once("key", 60)


def test_a_single_write_waits_for_no_other_statement(database: Database) -> None:
    with database.unit() as unit:
        unit.clients.add(ClientRecord(id="app", name="App"))
    grant = frozen(Grant).new(client_id="app")
    database.single_write(lambda unit: unit.grants.add(grant))
    with database.reading() as unit:
        assert unit.grants.find(grant.id) == grant


def test_a_single_write_whose_outcome_nobody_knows_is_not_tried_again(database: Database) -> None:
    """Tried again, it would say of what happened once that it had happened before."""
    if database.dialect != "postgresql":
        return
    tries = 0

    def work(unit: Unit) -> bool:
        nonlocal tries
        tries += 1
        end_connections(database)
        return unit.ephemeral.once("key", 60)

    with pytest.raises(CommitLost):
        database.single_write(work)
    assert tries == 1


def test_a_single_write_that_is_refused_leaves_nothing(database: Database) -> None:
    with pytest.raises(DBAPIError):
        database.single_write(lambda unit: unit.transaction.execute("INSERT INTO grants (id) VALUES (NULL)"))
    assert database.single_write(lambda unit: unit.ephemeral.once("key", 60))


def test_write_that_waits_is_seen_by_what_comes_after_it(database: Database) -> None:
    with database.unit() as unit:
        unit.clients.add(ClientRecord(id="app", name="App"))
        grant = unit.grants.add(Grant(client_id="app"))
        assert unit.grants.find(grant.id) == grant
        other = unit.grants.add(Grant(client_id="app"))
        assert unit.session.get(Grant, other.id) is not None
        last = unit.grants.add(Grant(client_id="app"))
    with database.reading() as unit:
        assert unit.grants.find(last.id) == last


def test_write_that_fails_at_commit_keeps_nothing(database: Database) -> None:
    def violating() -> None:
        with database.unit() as unit:
            unit.clients.add(ClientRecord(id="app", name="App"))
            unit.grants.add(Grant(id="good", client_id="app"))
            unit.grants.add(Grant(client_id="nobody"))

    with pytest.raises(IntegrityError):
        violating()
    with database.unit() as unit:
        assert (count(unit), unit.grants.find("good")) == (0, None)
