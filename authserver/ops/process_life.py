"""Worker processes that end with their parent.

A killed main process would otherwise leave workers that go on answering beside
those of a new start.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time

_PR_SET_PDEATHSIG = 1
POLL_SECONDS = 0.5


def die_with_parent(parent: int, graceful_timeout: float) -> None:
    """Stop gracefully when the process `parent` is gone, and for certain after `graceful_timeout` seconds.

    To be called in the child, after the fork. Linux sends the signal itself;
    elsewhere, and to make sure of the end, a thread watches.
    """
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    threading.Thread(target=_watch, args=(parent, graceful_timeout), name="parent-watch", daemon=True).start()


def _watch(parent: int, graceful_timeout: float) -> None:
    while os.getppid() == parent:
        time.sleep(POLL_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(graceful_timeout)
    os._exit(1)


def retire_after(seconds: float) -> None:
    """Stop this worker gracefully after `seconds`; its parent replaces it."""
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGTERM))
    timer.daemon = True
    timer.start()
