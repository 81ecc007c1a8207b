"""Many threads that do the same thing at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")
THREADS = 16


def at_once(work: Callable[[], Result], number: int = THREADS) -> list[Result]:
    """What `work` returned in each of `number` threads, all let go together."""
    return race([work] * number)


def race(works: list[Callable[[], Result]]) -> list[Result]:
    """What each of `works` returned, each in a thread of its own, all let go together."""
    barrier = threading.Barrier(len(works))

    def start(work: Callable[[], Result]) -> Result:
        barrier.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(start, works))
