"""The real checks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from authserver import storage
from authserver.ops.components import BACKLOG_EVENTS, components
from authserver.ops.health import Health
from authserver.settings import Settings
from authserver.storage import migrations
from tests.servers.process import free_port

MakeSettings = Callable[..., Settings]


def statuses(settings: Settings, waiting: int = 0, *, migrate: bool = True) -> dict[str, str]:
    database = storage.open(settings)
    try:
        if migrate:
            migrations.upgrade(database)
        probe = Health(components(settings, database, lambda: waiting))
        return {name: finding.status for name, finding in probe.findings().items()}
    finally:
        database.close()


def test_an_installation_on_sqlite_alone_is_well(settings: Settings) -> None:
    found = statuses(settings)
    assert found == {"database": "ok", "migrations": "ok", "redis": "off", "queue": "ok", "mail": "off"}


def test_what_is_configured_and_does_not_answer_is_down(make_settings: MakeSettings) -> None:
    port = free_port()
    found = statuses(make_settings(redis_url=f"redis://127.0.0.1:{port}/0"))
    assert (found["redis"], found["database"]) == ("down", "ok")


def test_the_mail_server_is_not_asked(make_settings: MakeSettings) -> None:
    settings = make_settings(smtp_host="127.0.0.1", smtp_port=free_port(), smtp_from="a@b.example")
    assert statuses(settings)["mail"] == "ok"


@pytest.mark.parametrize(
    ("waiting", "migrate", "part"), [(BACKLOG_EVENTS + 1, True, "queue"), (0, False, "migrations")]
)
def test_what_works_but_not_as_it_should_is_degraded(
    settings: Settings, waiting: int, migrate: bool, part: str
) -> None:
    assert statuses(settings, waiting, migrate=migrate)[part] == "degraded"


def test_a_running_redis_is_well(make_settings: MakeSettings, redis_url: str) -> None:
    assert statuses(make_settings(redis_url=redis_url))["redis"] == "ok"
