from __future__ import annotations

from dataclasses import dataclass

import pytest
import time_machine

from authserver.crypto.handles import Handles
from authserver.crypto.macs import Macs
from authserver.identity.browsers import BrowserRegistry
from authserver.login.facts import Fact, FactKind
from authserver.login.interactions import InteractionLedger, InteractionUnavailable, Started
from authserver.storage import Database
from authserver.storage.models.sessions import Browser

HANDLES, MACS = Handles(bytes(32)), Macs(bytes(32))
LEDGER = InteractionLedger(HANDLES, MACS, ttl=1800)
BROWSERS = BrowserRegistry(HANDLES, MACS, ttl=3600)


@dataclass
class Begun:
    """An interaction under way."""

    browser: Browser
    started: Started


@pytest.fixture
def begun(database: Database) -> Begun:
    with database.unit() as unit:
        browser, _ = BROWSERS.create(unit)
        return Begun(browser, LEDGER.start(unit, browser, purpose="authorize", request={"pairs": []}))


def refusal(database: Database, handle: str | None, browser: Browser | None) -> str:
    with database.reading() as unit, pytest.raises(InteractionUnavailable) as refused:
        LEDGER.open(unit, handle, browser)
    return refused.value.reason


def test_it_opens_in_its_browser(database: Database, begun: Begun) -> None:
    with database.reading() as unit:
        assert LEDGER.open(unit, begun.started.handle, begun.browser).id == begun.started.interaction.id


@pytest.mark.parametrize("handle", [None, "", "rubbish", "A" * 54])
def test_unknown_handle_opens_nothing(database: Database, begun: Begun, handle: str | None) -> None:
    assert refusal(database, handle, begun.browser) == "interaction_unknown"


def test_handle_opens_nothing_elsewhere(database: Database, begun: Begun) -> None:
    with database.unit() as unit:
        stranger, _ = BROWSERS.create(unit)
    assert refusal(database, begun.started.handle, stranger) == "interaction_from_other_browser"
    assert refusal(database, begun.started.handle, None) == "interaction_from_other_browser"


def test_consumed_one_is_finished(database: Database, begun: Begun) -> None:
    with database.unit() as unit:
        assert unit.interactions.consume(begun.started.interaction.id)
        assert not unit.interactions.consume(begun.started.interaction.id)
    assert refusal(database, begun.started.handle, begun.browser) == "interaction_finished"


def test_it_ends_with_its_time(frozen_time: time_machine.Traveller, database: Database, begun: Begun) -> None:
    frozen_time.shift(1799)
    with database.reading() as unit:
        LEDGER.open(unit, begun.started.handle, begun.browser)
    frozen_time.shift(1)
    assert refusal(database, begun.started.handle, begun.browser) == "interaction_expired"


def test_page_that_was_overtaken_proves_nothing(database: Database, begun: Begun) -> None:
    with database.reading() as unit:
        seen = LEDGER.open(unit, begun.started.handle, begun.browser)
    with database.unit() as unit:
        current = LEDGER.reload(unit, seen)
        LEDGER.prove(unit, current, Fact(FactKind.DENIED))
    with database.unit() as unit, pytest.raises(InteractionUnavailable, match="interaction_advanced"):
        LEDGER.reload(unit, seen)
    with database.unit() as unit, pytest.raises(InteractionUnavailable, match="interaction_advanced"):
        LEDGER.prove(unit, seen, Fact(FactKind.DENIED))


def test_finished_interaction_is_not_reloaded(database: Database, begun: Begun) -> None:
    with database.unit() as unit:
        unit.interactions.consume(begun.started.interaction.id)
    with database.unit() as unit, pytest.raises(InteractionUnavailable, match="interaction_finished"):
        LEDGER.reload(unit, begun.started.interaction)


def test_dispatch_is_noted_unless_a_page_was_faster(database: Database, begun: Begun) -> None:
    with database.reading() as unit:
        seen = LEDGER.open(unit, begun.started.handle, begun.browser)
    with database.unit() as unit:
        assert unit.interactions.note_dispatch(seen, reasons=["no_session"], session_id=None)
        LEDGER.prove(unit, LEDGER.reload(unit, seen), Fact(FactKind.DENIED))
    with database.unit() as unit:
        assert not unit.interactions.note_dispatch(seen, reasons=["late"], session_id=None)
        interaction = LEDGER.find(unit, begun.started.handle)
        assert interaction is not None
        assert interaction.reasons == ["no_session"]


@pytest.mark.parametrize("spoiled", [None, "", "x", "ü", "A" * 43])
def test_verifier_is_good_for_one_step_of_one_interaction(
    database: Database, begun: Begun, spoiled: str | None
) -> None:
    interaction = begun.started.interaction
    verifier = LEDGER.verifier(interaction, "login")
    LEDGER.check_verifier(interaction, "login", verifier)
    with database.unit() as unit:
        other = LEDGER.start(unit, begun.browser, purpose="authorize", request={}).interaction
    for wrong in ((interaction, "consent", verifier), (other, "login", verifier), (interaction, "login", spoiled)):
        with pytest.raises(InteractionUnavailable, match="step_not_dispatched"):
            LEDGER.check_verifier(*wrong)
