"""`authserver quickstart`: what the first run makes and prints, and that later ones change nothing."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from authserver.cli import quickstart
from authserver.settings import Settings
from tests.unit.cli.conftest import CommandLine


@pytest.fixture
def settings(authserver: CommandLine, make_settings: Callable[..., Settings]) -> Settings:
    return make_settings(database_url=authserver.environ["AUTHSERVER_DATABASE_URL"])


def test_first_run_makes_a_demo_and_prints_what_is_shown_once(authserver: CommandLine, settings: Settings) -> None:
    text = quickstart.prepare(settings)
    for words in (settings.issuer, "one-time password", "demo", "gateway", quickstart.DEMO_API):
        assert words in text
    assert len(re.findall(r"^  curl ", text, re.MULTILINE)) == 2
    assert {client["client_id"] for client in authserver.json("clients", "list")} == {"demo", "gateway"}
    assert authserver.json("resources", "show", quickstart.DEMO_API)["introspected_by"] == ["gateway"]


def test_later_runs_change_nothing_and_say_how_to_rotate(authserver: CommandLine, settings: Settings) -> None:
    quickstart.prepare(settings)
    before = [authserver(*args, "--json") for args in (("clients", "list"), ("users", "list"), ("keys", "list"))]
    text = quickstart.prepare(settings)
    assert "clients rotate-secret demo" in text
    assert "users reset-password admin" in text
    assert "curl" not in text
    assert [
        authserver(*args, "--json") for args in (("clients", "list"), ("users", "list"), ("keys", "list"))
    ] == before


def test_demo_that_was_removed_does_not_come_back(authserver: CommandLine, settings: Settings) -> None:
    quickstart.prepare(settings)
    authserver("clients", "delete", "demo")
    quickstart.prepare(settings)
    assert [client["client_id"] for client in authserver.json("clients", "list")] == ["gateway"]


def test_page_to_open_is_one_that_is_served(make_settings: Callable[..., Settings]) -> None:
    assert quickstart._click_lines(make_settings(playground=True))[-1].endswith("/playground")
    assert quickstart._click_lines(make_settings(playground=False))[-1].endswith("8000/")
