"""Keeps a worker's memory at what it uses.

A password hash works on 19 MB for 30 ms. The C library keeps such a block for
the thread that asked for it, once one was freed, and a worker has 64 threads;
so large blocks are always given back, and threads share two arenas.
"""

from __future__ import annotations

import ctypes
from contextlib import suppress

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
LARGE_BLOCK = 4 * 1024 * 1024
ARENAS = 2


def give_back() -> None:
    """Tell the C library, where it is one that can be told; to be called in each worker, after the fork."""
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_MMAP_THRESHOLD, LARGE_BLOCK)
        library.mallopt(_M_ARENA_MAX, ARENAS)
