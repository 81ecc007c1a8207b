"""Hot reads: the same answer as the repository's, on connections that come and go."""

from __future__ import annotations

import gc
import threading
from typing import Any

import pytest
from sqlalchemy import text

from authserver.storage import Database
from authserver.storage.models.clients import ClientRecord


@pytest.fixture
def known(database: Database) -> Database:
    """A database with the client `app`."""
    with database.unit() as unit:
        unit.session.add(ClientRecord(id="app", name="App"))
    return database


def test_what_is_read_is_what_the_repository_reads(known: Database) -> None:
    with known.reading() as unit:
        assert known.hot_reads.read("app", None, None) == unit.liveness.read("app", None, None)
    assert known.hot_reads.read("nobody", None, None) is None


def test_what_is_committed_is_seen_at_once(known: Database) -> None:
    for enabled in (True, False, True):
        with known.unit() as unit:
            unit.clients.get("app").enabled = enabled
        standing = known.hot_reads.read("app", None, None)
        assert standing is not None
        assert standing.client_enabled is enabled


def test_threads_read_side_by_side_and_leave_no_connection_behind(known: Database) -> None:
    for _ in range(3):
        threads = [threading.Thread(target=known.hot_reads.read, args=("app", None, None)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    del threads, thread
    gc.collect()
    opened: Any = getattr(known.hot_reads._read, "_opened", ())
    assert len(opened) == 0


def test_they_go_on_after_close_and_after_a_fork(known: Database) -> None:
    assert known.hot_reads.read("app", None, None) is not None
    known.hot_reads.close()
    assert known.hot_reads.read("app", None, None) is not None
    parents = known.hot_reads
    known.engine.dispose()  # what a child leaves open for its parent, nobody would close here
    known.dispose_after_fork()
    assert known.hot_reads.read("app", None, None) is not None
    parents.close()


@pytest.mark.postgresql
@pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)
def test_all_connections_that_broke_are_replaced(known: Database) -> None:
    barrier = threading.Barrier(3)

    def read() -> None:
        barrier.wait()
        known.hot_reads.read("app", None, None)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with known.engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    for _ in range(4):
        assert known.hot_reads.read("app", None, None) is not None
