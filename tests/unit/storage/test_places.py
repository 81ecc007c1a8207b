"""However many hold a connection: what they themselves wait for is still read."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool

from authserver import storage
from authserver.settings import Settings
from authserver.storage import Database, Unit
from authserver.storage.places import Places
from authserver.storage.snapshots import VersionWatch

CROWD = 30
"""More than any pool of these tests holds."""


@pytest.fixture
def database(migrated_url: str, make_settings: Callable[..., Settings]) -> Iterator[Database]:
    settings = make_settings(database_url=migrated_url, database_pool_size=3, workers=1, database_pool_timeout=2)
    with closing(storage.open(settings)) as opened:
        yield opened


@pytest.fixture
def crowd(database: Database) -> Iterator[Callable[[], None]]:
    """Call it to have as many threads as there are connections hold one each, until the test is over."""
    over, entered = threading.Event(), threading.Semaphore(0)

    def hold(_: int) -> None:
        try:
            with database.reading():
                entered.release()
                over.wait()
        except PoolTimeout:
            return

    def gather() -> None:
        threads.map(hold, range(CROWD))
        while entered.acquire(timeout=0.5):
            pass

    with ThreadPoolExecutor(CROWD) as threads:
        yield gather
        over.set()


def ping(unit: Unit) -> None:
    assert unit.versions.read() is not None


def test_what_is_remembered_is_read_anew_while_every_place_is_taken(
    database: Database, crowd: Callable[[], None]
) -> None:
    crowd()
    assert VersionWatch(database).version("clients") == 0


def test_read_inside_of_a_unit_does_not_wait_for_others(database: Database, crowd: Callable[[], None]) -> None:
    with database.unit() as unit:
        crowd()
        with database.reading() as inner:
            ping(inner)
        ping(unit)


def test_who_finds_no_place_is_told_in_time() -> None:
    places = Places(QueuePool(lambda: sqlite3.connect(":memory:"), pool_size=2, timeout=0.05))
    with places.taken(), ThreadPoolExecutor(1) as other:
        refused = other.submit(lambda: places.taken().__enter__())
        assert isinstance(refused.exception(), PoolTimeout)


def test_who_has_no_turn_to_write_is_told_in_time() -> None:
    places = Places(QueuePool(lambda: sqlite3.connect(":memory:"), pool_size=2, timeout=0.05), turn=0.05)
    with places.taken_for_writing(), ThreadPoolExecutor(1) as other:
        refused = other.submit(lambda: places.taken_for_writing().__enter__())
        assert isinstance(refused.exception(), PoolTimeout)
        assert other.submit(lambda: places.taken().__enter__()).exception() is None


def test_writer_reads_inside_while_every_place_waits_for_its_turn() -> None:
    places = Places(QueuePool(lambda: sqlite3.connect(":memory:"), pool_size=2, timeout=0.05), turn=5)

    def write_inside() -> None:
        with places.taken(), places.taken_for_writing():
            pass

    with ThreadPoolExecutor(1) as other:
        with places.taken_for_writing():
            waiting = other.submit(write_inside)
            with places.taken():
                pass
        assert waiting.exception() is None


def test_place_is_given_back_whatever_happens(database: Database) -> None:
    for _ in range(CROWD):
        with pytest.raises(RuntimeError), database.unit():
            raise RuntimeError
    with database.unit() as unit:
        ping(unit)
