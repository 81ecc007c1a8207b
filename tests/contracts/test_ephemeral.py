"""Every store of short-lived values keeps the same promises; with Redis down nobody is lied to."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from authserver.settings import Settings
from authserver.storage import Database, ephemeral
from authserver.storage.ephemeral import (
    Ephemeral,
    EphemeralUnavailable,
    FallingBack,
    RedisEphemeral,
    SQLEphemeral,
    Values,
    open_ephemeral,
)
from tests.servers.process import free_port, wait_until
from tests.servers.redis import Redis

THREADS = 16
NOBODY = "redis://127.0.0.1:1/0"


@pytest.fixture
def redis_store(redis_server: Redis, monkeypatch: pytest.MonkeyPatch) -> Iterator[RedisEphemeral]:
    """Redis that answers, however busy the machine is."""
    monkeypatch.setattr(ephemeral, "TIMEOUT_SECONDS", 30)
    store = RedisEphemeral(redis_server.url)
    yield store
    store.close()


@pytest.fixture
def remembering(database: Database, redis_store: RedisEphemeral) -> dict[str, Ephemeral]:
    """Each that also knows what happened; `fallen_back` is the one whose Redis never answers."""
    in_database = SQLEphemeral(database)
    return {
        "sql": in_database,
        "falling_back": FallingBack(redis_store, in_database),
        "fallen_back": FallingBack(RedisEphemeral(NOBODY), in_database),
    }


@pytest.fixture(params=["sql", "redis", "falling_back", "fallen_back"])
def store(request: pytest.FixtureRequest, remembering: dict[str, Ephemeral], redis_store: RedisEphemeral) -> Values:
    """Each implementation."""
    return {"redis": redis_store, **remembering}[request.param]


@pytest.fixture(params=["sql", "falling_back", "fallen_back"])
def memory(request: pytest.FixtureRequest, remembering: dict[str, Ephemeral]) -> Ephemeral:
    """Each that knows what happened."""
    return remembering[request.param]


def _at_once(work: Callable[[int], object]) -> list[object]:
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, range(THREADS)))


# --- promises of every store ------------------------------------------------------------------


def test_a_value_is_found_as_it_was_put(store: Values) -> None:
    assert store.find("k") is None
    store.put("k", b"\0\xff", 60)
    store.put("k", b"newer", 60)
    assert store.find("k") == b"newer"
    store.put("empty", b"", 60)
    assert store.find("empty") == b""


def test_a_value_whose_time_is_over_is_gone(store: Values) -> None:
    store.put("k", b"old", 0.05)
    assert store.increment("c", 0.05) == 1
    time.sleep(0.1)
    assert (store.find("k"), store.count("c")) == (None, 0)
    assert store.increment("c", 60) == 1


def test_counters_count_and_keep_their_first_end(store: Values) -> None:
    assert store.count("c") == 0
    assert [store.increment("c", 4), store.increment("c", 600), store.count("c")] == [1, 2, 2]
    wait_until(lambda: store.count("c") == 0)


def test_values_and_counters_are_apart(store: Values) -> None:
    store.increment("k", 60)
    assert store.find("k") is None
    store.put("k", b"value", 60)
    assert store.count("k") == 1
    store.remove("k")
    assert (store.find("k"), store.count("k")) == (None, 0)


def test_what_was_removed_may_be_put_again(store: Values) -> None:
    store.remove("never there")
    store.put("k", b"one", 60)
    store.remove("k")
    assert store.find("k") is None
    store.put("k", b"two", 60)
    assert store.find("k") == b"two"


@pytest.mark.parametrize("key", ["", "k" * 10_000, "\0", "ключ", "\ud800", "a b\n", "%_*?"])
def test_any_text_is_a_key(store: Values, key: str) -> None:
    store.put(key, b"value", 60)
    assert store.find(key) == b"value"
    assert store.find(key + "x") is None


def test_increments_from_many_threads_are_all_counted(store: Values) -> None:
    counted = _at_once(lambda _: [store.increment("c", 60) for _ in range(4)])
    assert sorted(n for some in counted for n in some) == list(range(1, THREADS * 4 + 1))  # type: ignore[attr-defined]


# --- what happens once ------------------------------------------------------------------------


def test_what_happened_did_not_happen_before(memory: Ephemeral) -> None:
    assert memory.once("k", 60)
    assert not memory.once("k", 60)
    assert memory.once("other", 60)


def test_what_happened_is_forgotten_when_its_time_is_over(memory: Ephemeral) -> None:
    assert memory.once("k", 0.05)
    time.sleep(0.1)
    assert memory.once("k", 60)
    assert not memory.once("k", 60)


def test_what_happened_is_no_value_and_cannot_be_removed(memory: Ephemeral) -> None:
    memory.put("k", b"value", 60)
    assert memory.increment("k", 60) == 1
    assert memory.once("k", 60)
    assert (memory.find("k"), memory.count("k")) == (b"value", 1)
    memory.remove("k")
    assert memory.find("k") is None
    assert not memory.once("k", 60)


def test_of_many_at_once_one_is_the_first(memory: Ephemeral) -> None:
    for key in ("one", "two", "three"):
        assert _at_once(lambda _, key=key: memory.once(key, 60)).count(True) == 1  # type: ignore[misc]


# --- Redis alone ------------------------------------------------------------------------------


def test_redis_that_does_not_answer_is_named_as_such() -> None:
    store = RedisEphemeral(f"redis://127.0.0.1:{free_port()}/0")
    for ask in (lambda: store.find("k"), lambda: store.increment("k", 1), lambda: store.put("k", b"", 1)):
        with pytest.raises(EphemeralUnavailable):
            ask()


def test_a_connection_that_was_closed_while_idle_is_no_outage(redis_store: RedisEphemeral, redis_server: Redis) -> None:
    redis_store.put("k", b"value", 60)
    redis_server.process.stop()
    redis_server.process.start()
    redis_store.put("k", b"value", 60)
    assert redis_store.find("k") == b"value"


# --- an outage --------------------------------------------------------------------------------


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is remembered of the state of Redis: every call looks for itself."""
    monkeypatch.setattr("authserver.storage.ephemeral.RETRY_SECONDS", 0.0)
    monkeypatch.setattr("authserver.storage.ephemeral.EPOCH_AGE_SECONDS", 0.0)


class Switchable:
    """A Redis that can be cut off without forgetting, as by a network partition."""

    def __init__(self, inner: RedisEphemeral) -> None:
        self.inner = inner
        self.is_cut = False
        self.asked = 0

    def __getattr__(self, name: str) -> Callable[..., object]:
        def ask(*arguments: object) -> object:
            self.asked += 1
            if self.is_cut:
                raise EphemeralUnavailable("cut off")
            return getattr(self.inner, name)(*arguments)

        return ask


@pytest.fixture
def switchable(redis_store: RedisEphemeral) -> Switchable:
    """Redis behind a switch."""
    return Switchable(redis_store)


@pytest.fixture
def processes(switchable: Switchable, database: Database, impatient: None) -> tuple[Ephemeral, Ephemeral]:
    """The stores of two processes that have both seen Redis answer."""
    one, other = (FallingBack(switchable, SQLEphemeral(database)) for _ in range(2))
    assert (one.find("k"), other.find("k")) == (None, None)
    return one, other


def test_an_outage_and_its_end_are_survived(processes: tuple[Ephemeral, Ephemeral], switchable: Switchable) -> None:
    one, other = processes
    switchable.is_cut = True
    one.put("k", b"during", 60)
    assert other.find("k") == b"during"
    switchable.is_cut = False
    assert other.find("k") == b"during"
    other.put("k", b"after", 60)
    assert one.find("k") == b"after"


def test_what_was_removed_in_an_outage_does_not_come_back(
    processes: tuple[Ephemeral, Ephemeral], switchable: Switchable
) -> None:
    one, other = processes
    one.put("k", b"before", 60)
    switchable.is_cut = True
    one.remove("k")
    switchable.is_cut = False
    assert (one.find("k"), other.find("k")) == (None, None)


def test_what_was_overwritten_after_an_outage_does_not_come_back_in_the_next(
    processes: tuple[Ephemeral, Ephemeral], switchable: Switchable
) -> None:
    one, other = processes
    switchable.is_cut = True
    one.put("k", b"first outage", 60)
    switchable.is_cut = False
    one.put("k", b"newer", 60)
    switchable.is_cut = True
    one.put("other", b"", 60)
    assert (one.find("k"), other.find("k")) == (None, None)


def test_what_happened_once_stays_so_through_outages(
    processes: tuple[Ephemeral, Ephemeral], switchable: Switchable
) -> None:
    one, other = processes
    assert one.once("jti 1", 60)
    switchable.is_cut = True
    assert not other.once("jti 1", 60)
    assert other.once("jti 2", 60)
    switchable.is_cut = False
    switchable.inner._redis.flushall()
    assert not one.once("jti 1", 60)
    assert not one.once("jti 2", 60)


def test_an_outage_costs_one_question_a_second(switchable: Switchable, database: Database) -> None:
    store = FallingBack(switchable, SQLEphemeral(database))
    switchable.is_cut = True
    for _ in range(20):
        store.increment("c", 60)
    assert switchable.asked <= 2
    assert store.count("c") == 20


def test_a_redis_that_is_killed_and_comes_back_is_used_again(
    redis_server: Redis, database: Database, impatient: None, make_settings: Callable[..., Settings]
) -> None:
    store = open_ephemeral(make_settings(redis_url=redis_server.url), database)
    assert store.increment("c", 60) == 1
    redis_server.process.stop(signal.SIGKILL)
    assert [store.increment("c", 60), store.increment("c", 60)] == [1, 2]
    redis_server.process.start()
    store.put("k", b"value", 60)
    with database.reading() as unit:
        assert not [key for key in unit.ephemeral.keys("v:") if key.endswith("|k")]
    assert store.find("k") == b"value"


def test_without_redis_the_database_is_the_store(database: Database, settings: Settings) -> None:
    assert isinstance(open_ephemeral(settings, database), SQLEphemeral)
