"""Short-lived values whose loss costs a retry: counters, nonces, caches. In Redis, or in SQL where there is none.

Values and counters are apart: a counter is no value, a value counts nothing.
With Redis down everything goes on in SQL, and nothing stale comes back: whoever
notices the outage begins a new epoch, and what Redis held before is forgotten
as if it had been restarted. What must happen once is decided in SQL in any
case, because a Redis that comes back may have forgotten it.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar, cast

from authserver.protocol.errors import ExternalServiceError
from authserver.settings.schema import Settings
from authserver.storage.database import Database
from authserver.telemetry.logs import get_logger

if TYPE_CHECKING:
    import redis

Result = TypeVar("Result")

KEY_LIMIT: Final = 200
"""Characters; longer keys, and those that not every store takes, are replaced by their digest."""
PREFIX: Final = "authserver:"
TIMEOUT_SECONDS: Final = 0.5
"""How long Redis may take; whatever waits for it here could be had from SQL meanwhile."""
RETRY_SECONDS: Final = 1.0
"""How long an unreachable Redis is left alone, so that an outage costs one timeout a second, not one a request."""
EPOCH_AGE_SECONDS: Final = 1.0
EPOCH_KEY: Final = "ephemeral epoch"
EPOCH_TTL: Final = 10 * 365 * 86400.0

_logger = get_logger(__name__)


class EphemeralUnavailable(ExternalServiceError):
    """The store of short-lived values did not answer in time."""


class Values(Protocol):
    """A store of short-lived values and counters. `ttl` is seconds, more than 0; keys may be any text."""

    def find(self, key: str) -> bytes | None:
        """The value under `key`; None when there is none or its time is over."""
        ...

    def put(self, key: str, value: bytes, ttl: float) -> None:
        """Store `value` for `ttl` seconds over whatever was there."""
        ...

    def increment(self, key: str, ttl: float) -> int:
        """Add one to a counter and return it; `ttl` is the life of a counter that begins with this."""
        ...

    def count(self, key: str) -> int:
        """A counter, 0 when there is none."""
        ...

    def remove(self, key: str) -> None:
        """Forget the value and the counter under `key`."""
        ...


class Ephemeral(Values, Protocol):
    """A store that also knows what happened, and forgets none of it before its time."""

    def once(self, key: str, ttl: float) -> bool:
        """Note that what `key` names happened; of many at once exactly one is told that it was the first."""
        ...


class SQLEphemeral:
    """Short-lived values as rows, each call a write of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, key: str) -> bytes | None:
        """As in `Ephemeral`."""
        with self._database.reading() as unit:
            return unit.ephemeral.find(_value_key(key))

    def put(self, key: str, value: bytes, ttl: float) -> None:
        """As in `Ephemeral`."""
        self._database.single_write(lambda unit: unit.ephemeral.put(_value_key(key), value, ttl))

    def once(self, key: str, ttl: float) -> bool:
        """As in `Ephemeral`."""
        return self._database.single_write(lambda unit: unit.ephemeral.once(_once_key(key), ttl))

    def increment(self, key: str, ttl: float) -> int:
        """As in `Ephemeral`."""
        return self._database.single_write(lambda unit: unit.ephemeral.increment(_counter_key(key), ttl))

    def count(self, key: str) -> int:
        """As in `Ephemeral`."""
        with self._database.reading() as unit:
            return unit.ephemeral.count(_counter_key(key))

    def remove(self, key: str) -> None:
        """As in `Ephemeral`."""
        self._database.single_write(lambda unit: unit.ephemeral.remove(_counter_key(key), _value_key(key)))


class RedisEphemeral:
    """Short-lived values in Redis. Every method raises EphemeralUnavailable when Redis does not answer."""

    def __init__(self, url: str) -> None:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        self._unavailable: tuple[type[Exception], ...] = (redis.RedisError, OSError)
        self._redis: redis.Redis = redis.Redis.from_url(
            url,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            # One retry, at once: a connection that the server closed while idle is no outage.
            retry=Retry(NoBackoff(), 1),
        )

    def find(self, key: str) -> bytes | None:
        """As in `Ephemeral`."""
        return cast("bytes | None", self._asking(lambda: self._redis.get(PREFIX + _value_key(key))))

    def put(self, key: str, value: bytes, ttl: float) -> None:
        """As in `Ephemeral`."""
        self._asking(lambda: self._redis.set(PREFIX + _value_key(key), value, px=_milliseconds(ttl)))

    def increment(self, key: str, ttl: float) -> int:
        """As in `Ephemeral`."""
        name = PREFIX + _counter_key(key)

        def work() -> Any:
            # One transaction: a counter without an end would never be forgotten.
            with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.set(name, 0, px=_milliseconds(ttl), nx=True)
                pipeline.incr(name)
                return pipeline.execute()[1]

        return int(self._asking(work))

    def count(self, key: str) -> int:
        """As in `Ephemeral`."""
        return int(self._asking(lambda: self._redis.get(PREFIX + _counter_key(key))) or 0)

    def remove(self, key: str) -> None:
        """As in `Ephemeral`."""
        self._asking(lambda: self._redis.delete(PREFIX + _value_key(key), PREFIX + _counter_key(key)))

    def close(self) -> None:
        """Close every connection of this process."""
        self._redis.close()

    def _asking(self, work: Callable[[], Any]) -> Any:
        try:
            return work()
        except self._unavailable as error:
            raise EphemeralUnavailable("The store of short-lived values does not answer.") from error


class FallingBack:
    """`primary` while it answers, `fallback` while it does not, and never an answer that was true only before.

    Both are asked under keys of the current epoch, a counter in `fallback` that
    every process reads at most a second old.
    """

    def __init__(self, primary: Values, fallback: Ephemeral) -> None:
        self._primary = primary
        self._fallback = fallback
        self._lock = threading.Lock()
        self._is_down = False
        self._retry_at = 0.0
        self._epoch = 0
        self._epoch_until = 0.0
        self._answered_in: int | None = None

    def find(self, key: str) -> bytes | None:
        """As in `Ephemeral`."""
        found, _ = self._asking(lambda: self._primary.find(self._here(key)))
        # What was put during an outage is there.
        return found if found is not None else self._fallback.find(self._here(key))

    def put(self, key: str, value: bytes, ttl: float) -> None:
        """As in `Ephemeral`."""
        _, answered = self._asking(lambda: self._primary.put(self._here(key), value, ttl))
        if not answered:
            self._fallback.put(self._here(key), value, ttl)

    def once(self, key: str, ttl: float) -> bool:
        """As in `Ephemeral`; asked of `fallback` alone, which forgets nothing."""
        return self._fallback.once(key, ttl)

    def increment(self, key: str, ttl: float) -> int:
        """As in `Ephemeral`; a counter begins anew with an outage."""
        counted, answered = self._asking(lambda: self._primary.increment(self._here(key), ttl))
        return counted if answered and counted is not None else self._fallback.increment(self._here(key), ttl)

    def count(self, key: str) -> int:
        """As in `Ephemeral`."""
        counted, answered = self._asking(lambda: self._primary.count(self._here(key)))
        return counted if answered and counted is not None else self._fallback.count(self._here(key))

    def remove(self, key: str) -> None:
        """As in `Ephemeral`."""
        self._asking(lambda: self._primary.remove(self._here(key)))
        self._fallback.remove(self._here(key))

    def _asking(self, work: Callable[[], Result]) -> tuple[Result | None, bool]:
        """What `primary` says, and whether it said anything."""
        if self._is_down and time.monotonic() < self._retry_at:
            return None, False
        try:
            answer = work()
        except EphemeralUnavailable:
            self._note_outage()
            return None, False
        self._is_down, self._answered_in = False, self._epoch
        return answer, True

    def _note_outage(self) -> None:
        with self._lock:
            self._retry_at = time.monotonic() + RETRY_SECONDS
            if self._is_down:
                return
            self._epoch = self._fallback.count(EPOCH_KEY)
            if self._answered_in in (None, self._epoch):
                # Nobody else has noticed this outage yet.
                self._epoch = self._fallback.increment(EPOCH_KEY, EPOCH_TTL)
            self._epoch_until = time.monotonic() + EPOCH_AGE_SECONDS
            self._is_down = True
        _logger.warning("short-lived values go to the database: Redis does not answer")

    def _here(self, key: str) -> str:
        with self._lock:
            moment = time.monotonic()
            if moment >= self._epoch_until:
                self._epoch = self._fallback.count(EPOCH_KEY)
                self._epoch_until = moment + EPOCH_AGE_SECONDS
            return f"{self._epoch}|{key}"


def open_ephemeral(settings: Settings, database: Database) -> Ephemeral:
    """The store that `settings` ask for: Redis with the database behind it, or the database alone."""
    in_database = SQLEphemeral(database)
    if settings.redis_url is None:
        return in_database
    return FallingBack(RedisEphemeral(settings.redis_url), in_database)


def _value_key(key: str) -> str:
    return f"v:{_stored(key)}"


def _once_key(key: str) -> str:
    return f"o:{_stored(key)}"


def _counter_key(key: str) -> str:
    return f"c:{_stored(key)}"


def _stored(key: str) -> str:
    if len(key) <= KEY_LIMIT and key.isascii() and key.isprintable():
        return key
    return "#" + hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _milliseconds(ttl: float) -> int:
    return max(1, round(ttl * 1000))
