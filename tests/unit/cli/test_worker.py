"""How the worker ends."""

from __future__ import annotations

import os
import signal
from threading import Event
from typing import cast

import pytest

from authserver.cli.worker import run_until_signalled
from authserver.events.worker import Worker

AGES = 100_000.0


class Signalled:
    """Work during which a signal comes."""

    def __init__(self, number: signal.Signals) -> None:
        self._number = number
        self._stopping = Event()
        self.ended = False

    def run(self) -> None:
        os.kill(os.getpid(), self._number)
        self._stopping.wait()
        self.ended = True

    def stop(self) -> None:
        self._stopping.set()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_lets_it_end_what_it_is_doing(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    work = Signalled(number)
    run_until_signalled(cast("Worker", work), AGES)
    assert work.ended
    assert signal.getsignal(number) is before
