"""What strangers have us write down is bounded: for each of them and altogether."""

from __future__ import annotations

import pytest
import time_machine

from authserver.events.allowance import WINDOW_SECONDS, Allowance


def taken(allowance: Allowance, address: str, times: int = 10) -> int:
    return sum(allowance.take(address) for _ in range(times))


def test_one_address_does_not_use_up_what_others_are_due(frozen_time: time_machine.Traveller) -> None:
    allowance = Allowance(each=3, altogether=7)
    assert [taken(allowance, f"192.0.2.{last}") for last in (1, 1, 2, 3, 4)] == [3, 0, 3, 1, 0]


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("nonsense:", "nonsense:", True),
    ],
)
def test_a_network_is_one(frozen_time: time_machine.Traveller, one: str, other: str, alike: bool) -> None:
    allowance = Allowance(each=1)
    assert allowance.take(one)
    assert allowance.take(other) is not alike


def test_the_next_hour_begins_anew(frozen_time: time_machine.Traveller) -> None:
    allowance = Allowance(each=1)
    assert taken(allowance, "192.0.2.1") == 1
    frozen_time.shift(WINDOW_SECONDS)
    assert taken(allowance, "192.0.2.1") == 1
