"""A circuit breaker per host: a dead receiver costs its callers nothing but the news."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

FAILURES: Final = 5
"""Failures in a row that open the circuit."""

OPEN_SECONDS: Final = 30.0
"""How long an open circuit refuses before one request may try."""

MAX_HOSTS: Final = 1024
"""Hosts remembered by a process; the least recently used one is forgotten."""


@dataclass(slots=True)
class _Circuit:
    failures: int = 0
    retry_at: float = 0.0


class Breaker:
    """Counts failures in a row by key; safe among threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._circuits: OrderedDict[str, _Circuit] = OrderedDict()

    def admits(self, key: str) -> bool:
        """Whether a request may go out; when an open circuit's time is over, exactly one may."""
        with self._lock:
            circuit = self._circuits.get(key)
            if circuit is None or circuit.failures < FAILURES:
                return True
            if self._clock() < circuit.retry_at:
                return False
            circuit.retry_at = self._clock() + OPEN_SECONDS
            return True

    def succeeded(self, key: str) -> None:
        """Closes the circuit."""
        with self._lock:
            self._circuits.pop(key, None)

    def failed(self, key: str) -> None:
        """Counts a failure and, from the fifth in a row on, opens the circuit."""
        with self._lock:
            circuit = self._circuits.setdefault(key, _Circuit())
            self._circuits.move_to_end(key)
            circuit.failures += 1
            circuit.retry_at = self._clock() + OPEN_SECONDS
            while len(self._circuits) > MAX_HOSTS:
                self._circuits.popitem(last=False)
