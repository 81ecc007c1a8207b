from __future__ import annotations

from datetime import UTC, timedelta

import time_machine

from authserver.protocol import validity


def test_clock_is_aware_and_agrees_with_itself(frozen_time: time_machine.Traveller) -> None:
    assert validity.now().tzinfo is UTC
    assert validity.timestamp() == validity.epoch(validity.now())
    assert validity.after(60) - validity.now() == timedelta(seconds=60)
    assert validity.after(60, validity.after(60)) == validity.after(120)


def test_moment_is_past_when_it_is_reached(frozen_time: time_machine.Traveller) -> None:
    moment = validity.after(10)
    assert not validity.is_past(moment)
    frozen_time.shift(10)
    assert validity.is_past(moment)
