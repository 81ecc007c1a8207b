"""Explanations are kept, and what a requester makes up in them is bounded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from authserver.crypto.sealing import Sealer
from authserver.events.explanations import LONGEST_NAME, LONGEST_VALUE, MOST_DETAILS, Explanations
from authserver.events.floods import Floods
from authserver.events.spool import Spool
from authserver.events.tallies import Tallies
from authserver.protocol.errors import InvalidRequest
from authserver.storage import Database
from authserver.storage.models.state import Refusal


@pytest.fixture
def explanations(database: Database, tmp_path: Path, sealer: Sealer) -> Iterator[Explanations]:
    kept = Explanations(database, Floods(Spool(tmp_path, sealer), Tallies(tmp_path, sealer)))
    yield kept
    kept.close()


def kept(database: Database, explanations: Explanations, reference: str) -> Refusal:
    explanations.flush()
    with database.reading() as unit:
        refusal = unit.refusals.find(reference)
    assert refusal is not None
    return refusal


def test_a_refusal_is_found_by_its_reference(database: Database, explanations: Explanations) -> None:
    error = InvalidRequest("Too long.", reason="too_long", spec="RFC 6749", details={"name": "state"})
    refusal = kept(database, explanations, explanations.keep(error, "authorize", "shop"))
    assert (refusal.error, refusal.reason, refusal.client_id) == ("invalid_request", "too_long", "shop")
    assert refusal.details == {"name": "state"}


def test_what_is_kept_of_a_refusal_is_bounded(database: Database, explanations: Explanations) -> None:
    details = {f"{number}" * 5000: "v" * 50_000 for number in range(50)}
    error = InvalidRequest("d" * 50_000, reason="too_long", setting="s" * 5000, details=details)
    refusal = kept(database, explanations, explanations.keep(error, "token", claimed="c" * 5000))
    assert len(refusal.description) == LONGEST_VALUE
    assert len(refusal.details) == MOST_DETAILS
    assert {len(name) for name in refusal.details} == {LONGEST_NAME}
    assert {len(value) for value in refusal.details.values()} == {LONGEST_VALUE}
    assert (len(refusal.setting), len(refusal.client_id or "")) == (255, 255)


def test_whoever_closes_waits_for_what_is_kept_and_leaves_no_thread(
    database: Database, explanations: Explanations
) -> None:
    references = [explanations.keep(InvalidRequest("No.", reason="no"), "authorize") for _ in range(3)]
    thread = explanations._thread
    explanations.close()
    assert thread is not None
    assert not thread.is_alive()
    with database.reading() as unit:
        assert all(unit.refusals.find(reference) for reference in references)


def test_what_is_kept_after_the_end_is_written_too(database: Database, explanations: Explanations) -> None:
    explanations.close()
    assert kept(database, explanations, explanations.keep(InvalidRequest("No.", reason="no"), "authorize"))
