"""A migrated database, and keys that move in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from authserver import storage
from authserver.crypto.sealing import Sealer
from authserver.settings import Settings
from authserver.signing.keyring import Keyring
from authserver.signing.rotation import Rotation
from authserver.storage import Database, migrations, snapshots
from authserver.storage.columns import Base
from tests.recorders import RememberingRecorder


@dataclass
class Safe:
    """Everything that handles keys, on one database. Each call of `do` is a transaction of its own."""

    settings: Settings
    database: Database
    sealer: Sealer = field(default_factory=lambda: Sealer.of(bytes(range(32))))

    def __post_init__(self) -> None:
        self.recorder = RememberingRecorder(self.sealer)
        self.rotation = Rotation(self.settings, self.sealer, self.recorder)
        self.keyring = Keyring(self.database, self.sealer)

    def do(self, move: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """One move in one committed transaction."""
        with self.database.unit() as unit:
            return move(unit, *arguments, **options)

    def ensure(self, *algorithms: str) -> list[str]:
        """An active key for each of these algorithms."""
        return self.do(self.rotation.ensure, algorithms)  # type: ignore[no-any-return]

    def states(self) -> dict[str, str]:
        """The state of every key."""
        with self.database.reading() as unit:
            return {row.kid: row.state for row in unit.signing_keys.all()}

    def row(self, kid: str) -> Any:
        """One key as it is stored."""
        with self.database.reading() as unit:
            return unit.signing_keys.find(kid)

    def events(self) -> list[str]:
        """The names of the events so far."""
        return [event.type for event in self.recorder.events]


@pytest.fixture(autouse=True)
def _no_version_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every question reads the version, so that no test waits for a second to pass."""
    monkeypatch.setattr(snapshots, "MAX_AGE", 0)


@pytest.fixture
def safe(make_settings: Callable[..., Settings]) -> Iterator[Safe]:
    """Keys on SQLite, on tables made from the models: ten times faster than by migrations."""
    settings = make_settings(jwks_max_age=600)
    database = storage.open(settings)
    Base.metadata.create_all(database.engine)
    yield Safe(settings, database)
    database.close()


@pytest.fixture
def shared_safe(make_settings: Callable[..., Settings], database_url: str) -> Iterator[Safe]:
    """Keys on SQLite and on PostgreSQL, on migrated tables."""
    settings = make_settings(database_url=database_url, jwks_max_age=600)
    database = storage.open(settings)
    migrations.upgrade(database)
    yield Safe(settings, database)
    database.close()
