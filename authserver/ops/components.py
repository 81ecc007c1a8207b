"""What this server depends on, as health checks."""

from __future__ import annotations

from collections.abc import Callable

from authserver.events.mail import QUEUE
from authserver.ops.health import Check, Component, Degraded
from authserver.settings import Settings
from authserver.storage import Database, migrations

BACKLOG_EVENTS = 10_000


def components(
    settings: Settings, database: Database, backlog: Callable[[], int] | None = None
) -> tuple[Component, ...]:
    """The components of an installation; `backlog` counts events that wait for the worker."""
    return (
        Component("database", _database(database), required=True),
        Component("migrations", _migrations(database)),
        Component("redis", _redis(settings.redis_url)),
        Component("queue", _queue(backlog)),
        Component("mail", _mail(settings, database)),
    )


def _database(database: Database) -> Check:
    def check() -> str:
        database.ping()
        return database.dialect

    return check


def _migrations(database: Database) -> Check:
    def check() -> str:
        try:
            migrations.require_head(database)
        except migrations.StaleSchema as stale:
            raise Degraded("the schema is not the one this version needs") from stale
        return "current"

    return check


def _redis(url: str | None) -> Check:
    def check() -> str:
        if not url:
            return ""
        from redis import Redis

        with Redis.from_url(url, socket_timeout=1.0, socket_connect_timeout=1.0) as client:
            client.ping()
        return "answers"

    return check


def _queue(backlog: Callable[[], int] | None) -> Check:
    def check() -> str:
        if backlog is None:
            return ""
        waiting = backlog()
        if waiting > BACKLOG_EVENTS:
            raise Degraded(f"{waiting} events wait")
        return f"{waiting} events wait"

    return check


def _mail(settings: Settings, database: Database) -> Check:
    """How the last mails went. The mail server itself is not asked: probes come more often than mails."""

    def check() -> str:
        if not settings.smtp_host:
            return ""
        with database.reading() as unit:
            postponed = unit.outbox.count_postponed(QUEUE)
        if postponed:
            raise Degraded(f"mails that failed and wait for another attempt: {postponed}")
        return "no mail waits for another attempt"

    return check
