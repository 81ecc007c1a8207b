"""Runs open for the browser that began them alone, and end."""

from __future__ import annotations

from dataclasses import replace

import pytest
import time_machine

from authserver.playground.exchanges import Exchange, Sent, Step
from authserver.playground.runs import KEPT_SECONDS, MOST_EXCHANGES, Choices, Run, Runs, new_run, run_of
from authserver.storage.database import Database
from authserver.storage.ephemeral import SQLEphemeral
from tests.browser.playground_samples import signed_in

VISITOR = "v" * 43
CHOICES = Choices("app", "secret-of-the-app", ("openid",), ("https://api.example",))


@pytest.fixture
def runs(database: Database) -> Runs:
    """Runs in a database."""
    return Runs(SQLEphemeral(database), b"pepper-pepper-pepper")


@pytest.fixture
def run() -> Run:
    """A run that has not begun."""
    return new_run(CHOICES, "client_secret_basic")


def test_a_run_is_found_again_whole(runs: Runs, run: Run) -> None:
    whole = replace(signed_in(), id=run.id, choices=CHOICES)
    runs.save(whole, VISITOR)
    assert runs.find(run.id, VISITOR) == whole


def test_another_browser_does_not_open_it(runs: Runs, run: Run) -> None:
    runs.save(run, VISITOR)
    assert runs.find(run.id, "w" * 43) is None
    assert runs.find(run.id, None) is None


def test_a_run_is_not_opened_under_another_name(database: Database, runs: Runs, run: Run) -> None:
    other = new_run(CHOICES, "none")
    runs.save(run, VISITOR)
    stored = SQLEphemeral(database)
    stored.put(f"playground:{other.id}", stored.find(f"playground:{run.id}") or b"", 60)
    assert runs.find(other.id, VISITOR) is None


def test_another_installation_does_not_open_it(database: Database, runs: Runs, run: Run) -> None:
    runs.save(run, VISITOR)
    assert Runs(SQLEphemeral(database), b"another-pepper-here").find(run.id, VISITOR) is None


def test_a_run_ends_half_an_hour_after_its_last_step(frozen_time: time_machine.Traveller, runs: Runs, run: Run) -> None:
    runs.save(run, VISITOR)
    frozen_time.shift(KEPT_SECONDS - 1)
    runs.save(run, VISITOR)
    frozen_time.shift(KEPT_SECONDS - 1)
    assert runs.find(run.id, VISITOR) is not None
    frozen_time.shift(2)
    assert runs.find(run.id, VISITOR) is None


@pytest.mark.parametrize("name", ["", "x", "x" * 23, "../" * 8, None])
def test_what_no_run_is_called_is_not_looked_for(runs: Runs, name: str | None) -> None:
    assert runs.find(name, VISITOR) is None


def test_a_run_keeps_its_last_steps_and_their_numbers(run: Run) -> None:
    for _ in range(MOST_EXCHANGES + 5):
        run = run.with_exchange(Exchange(run.next_number, Step.USERINFO, Sent("GET", "https://id.example/")))
    assert [known.number for known in run.exchanges] == list(range(6, MOST_EXCHANGES + 6))


def test_every_run_has_values_of_its_own(run: Run) -> None:
    other = new_run(CHOICES, "none")
    assert len({run.id, other.id, run.state, other.state, run.nonce, other.nonce, run.verifier, other.verifier}) == 8
    assert run_of(run.state) == run.id
    assert run_of(None) is None


def test_secrets_do_not_reach_a_log_through_the_values(run: Run) -> None:
    assert "secret-of-the-app" not in repr(run)
    assert run.verifier not in repr(run)
