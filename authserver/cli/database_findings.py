"""What `doctor` finds in the database: credentials that were handed out for a beginning and are still there.

The database is imported when it is asked: in development `doctor` does without.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from authserver.access.roles import ADMINISTRATOR
from authserver.settings import Settings

if TYPE_CHECKING:
    from authserver.storage import Unit

ASKED_IN: Final = frozenset({"production", "staging"})
"""Elsewhere the demo and its credentials are what one wants."""

SQLITE: Final = "sqlite:///"


@dataclass(frozen=True, slots=True)
class DatabaseFinding:
    """One thing in the database that nobody should leave there."""

    id: str
    message: str
    remedy: str

    def document(self) -> dict[str, Any]:
        """The finding as JSON has it. Start-up does not look into the database, so it is a warning."""
        return {"severity": "warning", **asdict(self)}


def database_findings(settings: Settings) -> tuple[list[DatabaseFinding], str]:
    """What is found, and why the database could not be asked; that is empty where it was asked, or need not be.

    Nothing is made: a database file that is not there stays so.
    """
    if settings.environment not in ASKED_IN:
        return [], ""
    if settings.database_url.startswith(SQLITE) and not Path(settings.database_url.removeprefix(SQLITE)).exists():
        return [], "The database was not asked: its file is not there"
    from authserver import storage
    from authserver.storage import migrations

    database = storage.open(settings)
    try:
        migrations.require_head(database)
        with database.reading() as unit:
            return [*_demo(unit), *_administrators(unit)], ""
    except migrations.StaleSchema as stale:
        return [], f"The database was not asked: {stale}"
    except Exception as error:
        # Whatever keeps it from answering is what is reported.
        return [], f"The database was not asked: {type(error).__name__}"
    finally:
        database.close()


def _demo(unit: Unit) -> Iterator[DatabaseFinding]:
    """The clients that `quickstart` made. Clients of these names in an installation without a demo are its own."""
    from authserver.cli.quickstart import DEMO, GATEWAY, MARK

    if MARK not in unit.versions.read():
        return
    for client_id in (DEMO, GATEWAY):
        client = unit.clients.find(client_id)
        if client is not None and client.enabled:
            yield DatabaseFinding(
                "demo-client",
                f"The client {client_id} of the demo is enabled",
                f"authserver clients delete {client_id}",
            )


def _administrators(unit: Unit) -> Iterator[DatabaseFinding]:
    """Administrators who never replaced their one-time password: whoever saw it first may still use it."""
    for user in unit.roles.holders_of(ADMINISTRATOR):
        if user.password_must_change and user.may_sign_in:
            yield DatabaseFinding(
                "administrator-one-time-password",
                f"The administrator {user.username or user.email or user.id} still has a one-time password",
                "Sign in and change it, or make another one: authserver users reset-password",
            )
