"""The limiter: moving windows, shared, and honest when the store is down."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import time_machine
from limits.storage import MemoryStorage, RedisStorage, Storage

from authserver import storage
from authserver.protocol.errors import RateLimited
from authserver.risk import rate_limits
from authserver.risk.limit_storage import SQLStorage
from authserver.risk.rate_limits import RateLimiter, address_subject, rate_limiter
from authserver.settings import Settings
from authserver.storage import Database
from tests.servers.redis import Redis

MakeSettings = Callable[..., Settings]


@pytest.fixture
def sqlite(_migrated_sqlite: Path, settings: Settings, tmp_path: Path) -> Iterator[Database]:
    shutil.copyfile(_migrated_sqlite, tmp_path / "authserver.db")
    opened = storage.open(settings)
    yield opened
    opened.close()


def passed(limiter: RateLimiter, count: int, name: str = "token", subject: str = "someone") -> int:
    return sum(limiter.hit(name, subject) is None for _ in range(count))


# --- windows in SQL ---------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [5, 250])
def test_no_more_than_the_limit_passes_in_any_window(sqlite: Database, limit: int) -> None:
    store = SQLStorage(sqlite)
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        assert sum(store.acquire_entry("key", limit, 60) for _ in range(limit + 5)) == limit
        clock.shift(59)
        assert not store.acquire_entry("key", limit, 60)
        clock.shift(2)
        assert store.acquire_entry("key", limit, 60)


def test_a_window_moves_instead_of_starting_anew(sqlite: Database) -> None:
    store = SQLStorage(sqlite)
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        assert store.acquire_entry("key", 2, 60)
        clock.shift(40)
        assert store.acquire_entry("key", 2, 60)
        clock.shift(30)
        assert store.acquire_entry("key", 2, 60)
        assert not store.acquire_entry("key", 2, 60)
        assert store.get_moving_window("key", 2, 60) == (1_800_000_040.0, 2)


def test_threads_share_a_window_without_losing_a_hit(database: Database) -> None:
    store = SQLStorage(database)
    results: list[bool] = []
    threads = [
        threading.Thread(target=lambda: results.extend(store.acquire_entry("key", 10, 60) for _ in range(3)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(results) == 10


def test_windows_are_forgotten_on_request(sqlite: Database) -> None:
    store = SQLStorage(sqlite)
    store.acquire_entry("a", 1, 60)
    store.acquire_entry("b", 1, 60)
    store.clear("a")
    assert store.acquire_entry("a", 1, 60)
    store.reset()
    assert store.acquire_entry("b", 1, 60)
    assert store.check()


def test_counters_of_fixed_windows_count(sqlite: Database) -> None:
    store = SQLStorage(sqlite)
    assert [store.incr("fixed", 60), store.incr("fixed", 60, 2), store.get("fixed")] == [1, 3, 3]


# --- the limiter ------------------------------------------------------------------------------


@pytest.fixture(params=["sql", "redis"])
def store(request: pytest.FixtureRequest) -> Storage:
    if request.param == "sql":
        return SQLStorage(request.getfixturevalue("sqlite"))
    return RedisStorage(request.getfixturevalue("redis_url"))


@pytest.mark.parametrize("limit", [7, 100, 330])
def test_exactly_the_limit_passes(store: Storage, limit: int) -> None:
    assert passed(RateLimiter(store, {"token": f"{limit}/minute"}), limit + 10) == limit


def test_two_processes_share_a_small_limit_exactly(store: Storage) -> None:
    first, second = (RateLimiter(store, {"token": "10/minute"}) for _ in range(2))
    assert sum(passed(limiter, 1) for _ in range(10) for limiter in (first, second)) == 10


def test_two_processes_share_a_large_limit_within_a_twentieth(store: Storage) -> None:
    first, second = (RateLimiter(store, {"token": "200/minute"}) for _ in range(2))
    together = sum(passed(limiter, 1) for _ in range(200) for limiter in (first, second))
    assert 180 <= together <= 210


class Meeting(MemoryStorage):
    """A store at which callers wait for each other while `meeting` is set."""

    meeting: threading.Barrier | None = None
    asked = 0

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        self.asked += 1
        if self.meeting is not None:
            self.meeting.wait(20)
        return super().acquire_entry(key, limit, expiry, amount)


def test_threads_that_settle_at_once_lose_no_permits() -> None:
    store = Meeting()
    limiter = RateLimiter(store, {"token": "600/minute"})
    assert (passed(limiter, 30), store.asked) == (30, 0)
    store.meeting = threading.Barrier(8)
    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(lambda _: passed(limiter, 1), range(8))) == 8
    store.meeting = None
    assert (passed(limiter, 40), store.asked) == (40, 8)
    assert passed(limiter, 700) == 600 - 30 - 48


class Overtaking(MemoryStorage):
    """A store at which somebody else is served first, once."""

    other: Callable[[], object] | None = None

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        other, self.other = self.other, None
        if other is not None:
            other()
        return super().acquire_entry(key, limit, expiry, amount)


def test_who_finds_the_store_full_spends_what_another_thread_took_last() -> None:
    store = Overtaking()
    limiter = RateLimiter(store, {"token": "600/minute"})
    assert passed(limiter, 594) == 594
    store.other = lambda: passed(limiter, 1)
    assert passed(limiter, 1) == 1
    assert passed(limiter, 10) == 4


def test_several_limits_hold_together() -> None:
    limiter = RateLimiter(MemoryStorage(), {"token": "100/hour;3/minute"})
    assert passed(limiter, 10) == 3


def test_subjects_and_names_are_counted_apart() -> None:
    limiter = RateLimiter(MemoryStorage(), {"token": "2/minute", "login": "2/minute"})
    assert passed(limiter, 5) == 2
    assert passed(limiter, 5, subject="else") == 2
    assert passed(limiter, 5, name="login") == 2


def test_a_refusal_says_when_to_come_again() -> None:
    limiter = RateLimiter(MemoryStorage(), {"token": "1/minute"})
    limiter.hit("token", "someone")
    exceeded = limiter.hit("token", "someone")
    assert exceeded is not None
    assert (exceeded.limit, exceeded.window) == (1, 60)
    assert 1 <= exceeded.retry_after <= 60
    with pytest.raises(RateLimited):
        limiter.require("token", "someone")


def test_failures_are_counted_by_the_one_and_asked_by_the_other(store: Storage) -> None:
    limiter = RateLimiter(store, {"login": "2/minute"})
    for _ in range(2):
        assert limiter.check("login", "192.0.2.1") is None
        limiter.fail("login", "192.0.2.1")
    assert limiter.check("login", "192.0.2.1") is not None
    assert limiter.check("login", "192.0.2.2") is None


def test_failures_seen_by_another_process_count_within_a_second(
    store: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limits, "LEASE_SECONDS", 0.0)
    here, there = (RateLimiter(store, {"login": "1/minute"}) for _ in range(2))
    assert here.check("login", "192.0.2.1") is None
    there.fail("login", "192.0.2.1")
    assert here.check("login", "192.0.2.1") is not None


def test_off_lets_everything_through() -> None:
    limiter = RateLimiter(MemoryStorage(), {"token": "1/minute", "login": "1/minute"}, enabled=False)
    assert passed(limiter, 10) == 10
    limiter.fail("login", "a")
    assert limiter.check("login", "a") is None


# --- when the store is down -------------------------------------------------------------------


def test_without_redis_a_stricter_limit_holds_inside_the_process(redis_server: Redis) -> None:
    limiter = RateLimiter(
        RedisStorage(redis_server.url, socket_connect_timeout=0.2, socket_timeout=0.2), {"token": "20/minute"}
    )
    redis_server.process.stop()
    assert passed(limiter, 30) == 5
    assert limiter.is_degraded


def test_a_large_limit_is_stricter_too_while_the_store_is_down() -> None:
    limiter = RateLimiter(RedisStorage("redis://127.0.0.1:1/0", socket_connect_timeout=0.2), {"token": "600/minute"})
    assert passed(limiter, 900) == 150
    assert limiter.is_degraded


def test_when_the_store_is_back_it_is_asked_again(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    store = SQLStorage(sqlite)
    limiter = RateLimiter(store, {"token": "10/minute"})
    monkeypatch.setattr(rate_limits, "RETRY_STORE_AFTER", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(store, "acquire_entry", lambda *_, **__: 1 / 0)
        assert passed(limiter, 1) == 1
    assert passed(limiter, 1) == 1
    assert not limiter.is_degraded
    assert sqlite_keys(sqlite)


# --- from the settings ------------------------------------------------------------------------


def test_each_limit_has_a_setting(make_settings: MakeSettings, sqlite: Database) -> None:
    settings = make_settings(rate_limit_login="2/hour")
    limiter = rate_limiter(settings, sqlite)
    assert passed(limiter, 5, name="login") == 2
    for name, attribute in rate_limits.SETTINGS.items():
        assert hasattr(settings, attribute)
        assert limiter.check(name, "someone else") is None


def test_with_redis_windows_live_there(make_settings: MakeSettings, sqlite: Database, redis_url: str) -> None:
    limiter = rate_limiter(make_settings(redis_url=redis_url, rate_limit_login="2/hour"), sqlite)
    passed(limiter, 1, name="login")
    assert not sqlite_keys(sqlite)


def sqlite_keys(database: Database) -> list[str]:
    with database.reading() as unit:
        return unit.ephemeral.keys("limit:")


@pytest.mark.parametrize(
    ("address", "subject"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("not:an:address", "not:an:address"),
    ],
)
def test_an_ipv6_customer_owns_a_network(address: str, subject: str) -> None:
    assert address_subject(address) == subject
