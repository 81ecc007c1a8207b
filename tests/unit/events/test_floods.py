"""How long the audit log gets is not a stranger's to decide, and nothing is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import time_machine

from authserver.crypto.sealing import Sealer
from authserver.events.allowance import WINDOW_SECONDS
from authserver.events.catalog import ClientAuthenticationFailed, RefusalsCounted
from authserver.events.envelope import Envelope, disclose
from authserver.events.event import Event
from authserver.events.floods import Floods
from authserver.events.intake import Intake
from authserver.events.spool import Spool
from authserver.events.tallies import Tallies
from authserver.storage import Database
from tests.unit.events.test_measures import reading

ADDRESS = "192.0.2.7"


@pytest.fixture
def tallies(tmp_path: Path, sealer: Sealer) -> Tallies:
    return Tallies(tmp_path / "spool", sealer, keys=5)


@pytest.fixture
def floods(frozen_time: time_machine.Traveller, tmp_path: Path, sealer: Sealer, tallies: Tallies) -> Iterator[Floods]:
    spool = Spool(tmp_path / "spool", sealer)
    yield Floods(spool, tallies, each=3, altogether=8)
    spool.close()
    tallies.close()


def tell(floods: Floods, times: int, client_id: str | None = "shop", address: str = ADDRESS) -> None:
    for _ in range(times):
        floods.tell(ClientAuthenticationFailed(client_id=client_id, reason="secret_wrong"), "secret_wrong", address)


@pytest.fixture
def told(database: Database, sealer: Sealer, tallies: Tallies, tmp_path: Path) -> Callable[[], list[Event]]:
    """Everything that reaches the audit log."""

    def read() -> list[Event]:
        tallies.close()
        intake = Intake(database, tmp_path / "spool")
        intake.step()
        intake.close()
        with database.reading() as unit:
            return [disclose(Envelope(*row), sealer).event for row in unit.outbox.first(100_000)]

    return read


def total(events: list[Event]) -> int:
    return sum(event.count if isinstance(event, RefusalsCounted) else 1 for event in events)


@pytest.mark.parametrize("client_id", ["shop", None])
def test_the_first_are_told_and_the_rest_counted(
    floods: Floods, told: Callable[[], list[Event]], client_id: str | None
) -> None:
    tell(floods, 500, client_id)
    events = told()
    assert [type(event).__name__ for event in events].count("ClientAuthenticationFailed") == 3
    assert (len(events), total(events)) == (4, 500)


def test_a_crowd_of_addresses_does_not_fill_the_log(floods: Floods, told: Callable[[], list[Event]]) -> None:
    for number in range(300):
        tell(floods, 2, None, f"10.0.{number // 250}.{number % 250}")
    events = told()
    assert len(events) == 8 + 5 + 1
    assert total(events) == 600


def test_one_network_of_ipv6_is_one_stranger(floods: Floods, told: Callable[[], list[Event]]) -> None:
    for number in range(300):
        tell(floods, 1, None, f"2001:db8::{number:x}")
    events = told()
    assert (len(events), total(events)) == (4, 300)


def test_strangers_do_not_use_up_what_is_told_of_clients(floods: Floods, told: Callable[[], list[Event]]) -> None:
    for number in range(50):
        tell(floods, 1, None, f"10.0.0.{number}")
    tell(floods, 1)
    assert sum(event.client_id == "shop" for event in told()) == 1


def test_a_new_hour_begins_anew(
    floods: Floods,
    told: Callable[[], list[Event]],
    frozen_time: time_machine.Traveller,
) -> None:
    for _ in range(2):
        tell(floods, 10)
        frozen_time.shift(WINDOW_SECONDS)
    events = told()
    assert (len(events), total(events)) == (8, 20)


def test_the_metric_counts_all_of_them(floods: Floods) -> None:
    name = "authserver_client_authentication_failures_total"
    before = reading(name)
    tell(floods, 20)
    assert reading(name) == before + 20
