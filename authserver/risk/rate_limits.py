"""The one limiter: moving windows shared by all processes, in Redis or in SQL.

A large limit is not asked for at the store on every request. A process lets the
first twentieth of it through on its own account and owes that to the store;
afterwards it takes permits by the hundredth part and spends them itself.
Permits that are not spent lapse, so a fleet may refuse a little early but not
late. When the store is down, a stricter limiter inside the process takes over.
"""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from types import MappingProxyType

from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage, RedisStorage, Storage
from limits.strategies import MovingWindowRateLimiter

from authserver.protocol.errors import RateLimited
from authserver.risk.limit_storage import SQLStorage
from authserver.settings import Settings
from authserver.storage import Database
from authserver.telemetry.logs import get_logger

_log = get_logger(__name__)

SHARED_FROM = 100
"""Limits below this are asked for at the store on every request."""
FREE_PART, PERMIT_PART = 20, 100
STRICTER_PART = 4
"""What a process alone lets through while the store is down: a quarter of the limit."""
RETRY_STORE_AFTER = 5.0
LEASE_SECONDS = 1.0
MAX_KEYS = 20_000
REDIS_TIMEOUT = 0.25

NAMES = (
    *("token", "authorize", "login", "user_code", "introspect", "revoke", "userinfo", "register"),
    *("metadata", "user", "mail", "default"),
)

SETTINGS: Mapping[str, str] = MappingProxyType({name: f"rate_limit_{name}" for name in NAMES})
"""Each limit by name, and the setting that holds it."""


@dataclass(frozen=True, slots=True)
class Exceeded:
    """A limit that was reached: which, how many are allowed in how many seconds, and when to come again."""

    name: str
    limit: int
    window: int
    retry_after: int


@dataclass(slots=True)
class _Share:
    """What one process may spend of one window: owed hits that the store has not seen, and permits it gave."""

    since: float
    free: int = 0
    owed: int = 0
    permits: int = 0
    until: float = 0.0

    def spend(self, moment: float) -> bool:
        """Use one permit, if there is one that has not lapsed."""
        if not self.permits or moment >= self.until:
            return False
        self.permits -= 1
        return True

    def keep(self, permits: int, moment: float, life: float) -> None:
        """Add to what others have got meanwhile: threads that settle at once take permits each."""
        self.permits = permits + (self.permits if moment < self.until else 0)
        self.until = moment + life


class RateLimiter:
    """Counts hits of a subject against a named limit.

    Args:
        store: where windows live; it must support moving windows.
        limits: texts such as `10/minute` or `100/hour;10/minute`, by name.
        enabled: off lets everything through.
    """

    def __init__(self, store: Storage, limits: Mapping[str, str], *, enabled: bool = True) -> None:
        self.enabled = enabled
        self._limits = {name: tuple(parse_many(text)) for name, text in limits.items()}
        self._shared = MovingWindowRateLimiter(store)
        self._alone: MovingWindowRateLimiter | None = None
        self._down_until = 0.0
        self._lock = threading.Lock()
        self._shares: dict[tuple[RateLimitItem, str], _Share] = {}
        self._leases: dict[tuple[RateLimitItem, str], tuple[float, Exceeded | None]] = {}

    @property
    def is_degraded(self) -> bool:
        """Whether the store is down and the limiter inside the process has taken over."""
        return time.monotonic() < self._down_until

    def hit(self, name: str, subject: str) -> Exceeded | None:
        """Count one request of `subject`; None when it may pass."""
        if not self.enabled:
            return None
        for item in self._limits[name]:
            if not self.take(item, _key(name, subject)):
                return self._exceeded(name, item, _key(name, subject))
        return None

    def require(self, name: str, subject: str) -> None:
        """Count one request of `subject`.

        Raises:
            RateLimited: the limit is reached.
        """
        exceeded = self.hit(name, subject)
        if exceeded is not None:
            raise RateLimited("Too many requests", retry_after=exceeded.retry_after)

    def check(self, name: str, subject: str) -> Exceeded | None:
        """Whether `subject` may go on, counting nothing; what the store said holds for a second."""
        if not self.enabled:
            return None
        key = _key(name, subject)
        for item in self._limits[name]:
            exceeded = self._leased(name, item, key)
            if exceeded is not None:
                return exceeded
        return None

    def fail(self, name: str, subject: str) -> None:
        """Count one failure of `subject`, for limits that count failures and are asked with `check`."""
        if not self.enabled:
            return
        key = _key(name, subject)
        for item in self._limits[name]:
            self._acquire(item, key, 1)
            self._leases.pop((item, key), None)

    def take(self, item: RateLimitItem, key: str) -> bool:
        """Count one request against a limit that has no name here."""
        if item.amount < SHARED_FROM:
            return self._acquire(item, key, 1)
        moment = time.monotonic()
        with self._lock:
            share = self._share(item, key, moment)
            if share.spend(moment):
                return True
            if share.free < item.amount // FREE_PART:
                share.free += 1
                share.owed += 1
                return True
            owed, share.owed = share.owed, 0
        return self._settle(item, key, share, owed)

    def _share(self, item: RateLimitItem, key: str, moment: float) -> _Share:
        share = self._shares.get((item, key))
        if share is None or moment - share.since >= item.get_expiry():
            if len(self._shares) >= MAX_KEYS:
                self._shares.clear()
            share = self._shares[item, key] = _Share(moment)
        return share

    def _settle(self, item: RateLimitItem, key: str, share: _Share, owed: int) -> bool:
        """Pay what is owed and take permits for the next requests, or at least one for this."""
        batch = max(1, item.amount // PERMIT_PART)
        for permits in (batch, 1):
            if self._acquire(item, key, owed + permits):
                with self._lock:
                    share.keep(permits - 1, time.monotonic(), item.get_expiry() / FREE_PART)
                return True
        with self._lock:
            share.owed += owed
            # The store has no more, but what another thread took last may be left.
            return share.spend(time.monotonic())

    def _acquire(self, item: RateLimitItem, key: str, cost: int) -> bool:
        return self._asking(
            lambda: self._shared.hit(item, key, cost=cost), lambda alone, less: alone.hit(less, key, cost=cost), item
        )

    def _leased(self, name: str, item: RateLimitItem, key: str) -> Exceeded | None:
        moment = time.monotonic()
        found = self._leases.get((item, key))
        if found is not None and moment < found[0]:
            return found[1]
        free = self._asking(lambda: self._shared.test(item, key), lambda alone, less: alone.test(less, key), item)
        exceeded = None if free else self._exceeded(name, item, key)
        if len(self._leases) >= MAX_KEYS:
            self._leases.clear()
        self._leases[item, key] = (moment + LEASE_SECONDS, exceeded)
        return exceeded

    def _asking(
        self,
        ask: Callable[[], bool],
        ask_alone: Callable[[MovingWindowRateLimiter, RateLimitItem], bool],
        item: RateLimitItem,
    ) -> bool:
        """Ask the store, or, for a while after it failed, the stricter limiter of this process."""
        if not self.is_degraded:
            try:
                return ask()
            except Exception as error:
                self._down_until = time.monotonic() + RETRY_STORE_AFTER
                _log.warning("rate limits: the store is down", extra={"error": type(error).__name__})
        if self._alone is None:
            self._alone = MovingWindowRateLimiter(MemoryStorage())
        return ask_alone(self._alone, type(item)(max(1, item.amount // STRICTER_PART), item.multiples))

    def _exceeded(self, name: str, item: RateLimitItem, key: str) -> Exceeded:
        return Exceeded(name, item.amount, item.get_expiry(), self.reset_after(item, key))

    def reset_after(self, item: RateLimitItem, key: str) -> int:
        """Seconds until the window has room again, as far as that is known; at most the window itself."""
        window = retry_after = item.get_expiry()
        if not self.is_degraded:
            try:
                reset = self._shared.get_window_stats(item, key).reset_time
                retry_after = math.ceil(reset - time.time())
            except Exception:
                _log.debug("rate limits: no statistics", exc_info=True)
        return min(window, max(1, retry_after))


def rate_limiter(settings: Settings, database: Database) -> RateLimiter:
    """The limiter of this installation: in Redis where there is one, otherwise in the database."""
    store: Storage = _redis_storage(settings.redis_url) if settings.redis_url else SQLStorage(database)
    limits = {name: str(getattr(settings, attribute)) for name, attribute in SETTINGS.items()}
    return RateLimiter(store, limits, enabled=settings.rate_limits)


def _redis_storage(url: str) -> Storage:
    return RedisStorage(url, socket_timeout=REDIS_TIMEOUT, socket_connect_timeout=REDIS_TIMEOUT)


def address_subject(address: str) -> str:
    """The address to count by: of IPv6 the /64 network, which one customer commonly owns whole."""
    if ":" not in address:
        return address
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(ip_network((parsed, 64), strict=False).network_address)
    return str(parsed.ipv4_mapped) if isinstance(parsed, IPv6Address) else address


def _key(name: str, subject: str) -> str:
    """A key of bounded length, whatever the subject."""
    if len(subject) > 64:
        subject = hashlib.blake2b(subject.encode(), digest_size=16).hexdigest()
    return f"{name}:{subject}"
