"""Flask-Limiter's store: the one limiter of the server, so that pages count where machine endpoints count."""

from __future__ import annotations

import hashlib
import math
import time
from typing import Any

from flask_limiter import RequestLimit
from limits import RateLimitItemPerSecond
from limits.storage import MovingWindowSupport, Storage

from authserver.protocol.messages import Request
from authserver.risk.rate_limits import Exceeded, RateLimiter, address_subject
from authserver.web.cookies import Cookies

SCHEME = "authserver-limits"
URI = f"{SCHEME}://"
OPTION = "limiter"
NAME = "user"


class OneLimiter(Storage, MovingWindowSupport):
    """Windows kept by a `RateLimiter`: shared by all processes, and by a stricter one inside while the store is down.

    Flask-Limiter makes its storage from an address, so the limiter comes as an option.
    """

    STORAGE_SCHEME = [SCHEME]  # noqa: RUF012 - the library's attribute

    def __init__(self, uri: str, *, limiter: RateLimiter, **options: Any) -> None:
        super().__init__(uri, **options)
        self._limiter = limiter

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        """Whatever the limiter's store raises; the limiter itself copes with it."""
        return Exception

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:  # noqa: ARG002 - the library's signature
        """Count one request, if that is allowed."""
        return self._limiter.take(RateLimitItemPerSecond(limit, expiry), key)

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """When the oldest entry of the window came, so that it ends when the limiter says; a full one is assumed."""
        waiting = self._limiter.reset_after(RateLimitItemPerSecond(limit, expiry), key)
        return time.time() + waiting - expiry, limit

    def incr(self, *_: Any) -> int:
        """Moving windows count entries, not numbers."""
        raise AssertionError("only moving windows are kept here")

    get = get_expiry = incr  # type: ignore[assignment]

    def check(self) -> bool:
        """Whether limits are kept at all; where, is the limiter's business."""
        return True

    def reset(self) -> int | None:
        """Windows end by themselves."""
        return None

    def clear(self, key: str) -> None:
        """Windows end by themselves."""


def subject(request: Request, cookies: Cookies) -> str:
    """Whose requests these are: a browser's, wherever it is; without a cookie the address's."""
    page = cookies.page(request)
    if page:
        return hashlib.blake2b(page.encode(), digest_size=16).hexdigest()
    return address_subject(request.remote_address) or "unknown"


def exceeded(breached: RequestLimit) -> Exceeded:
    """A breach in the words of the edge."""
    window = breached.limit.get_expiry()
    waiting = math.ceil(breached.reset_at - time.time())
    return Exceeded(NAME, breached.limit.amount, window, min(window, max(1, waiting)))
