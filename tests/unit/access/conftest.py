"""The catalogue and its registration, on a migrated database, and a client value to ask with."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from authserver.access.catalog import ResourceCatalog
from authserver.access.registration import AccessRegistration
from authserver.crypto.sealing import Sealer
from authserver.events.event import Event
from authserver.events.outbox import Recorder
from authserver.protocol.policy import ClientPolicy
from authserver.storage import Database, Unit

ISSUER = "https://issuer.example"
API = "https://api.example"


@dataclass(frozen=True)
class Asker:
    """What these packages ask of a client."""

    id: str = "shop"
    scopes: frozenset[str] = frozenset({"openid", "profile", "offline_access", "orders:read"})
    resources: tuple[str, ...] = (API,)
    default_resource: str | None = None
    policy: ClientPolicy = field(default_factory=ClientPolicy)


class RememberingRecorder(Recorder):
    """The real recorder, which also remembers what it was given."""

    def __init__(self) -> None:
        super().__init__(Sealer.of(bytes(32)))
        self.events: list[Event] = []

    def record(self, unit: Unit, event: Event) -> None:
        super().record(unit, event)
        self.events.append(event)

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.events]


@pytest.fixture
def recorder() -> RememberingRecorder:
    return RememberingRecorder()


@pytest.fixture
def registration(database: Database, recorder: RememberingRecorder) -> AccessRegistration:
    return AccessRegistration(database, recorder, ISSUER)


@pytest.fixture
def catalog(database: Database) -> ResourceCatalog:
    return ResourceCatalog(database)
