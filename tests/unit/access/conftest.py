"""The catalogue and its registration, on a migrated database, and a client value to ask with."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from authserver.access.catalog import ResourceCatalog
from authserver.access.registration import AccessRegistration
from authserver.protocol.policy import ClientPolicy
from authserver.storage import Database
from tests.recorders import RememberingRecorder

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


@pytest.fixture
def recorder() -> RememberingRecorder:
    return RememberingRecorder()


@pytest.fixture
def registration(database: Database, recorder: RememberingRecorder) -> AccessRegistration:
    return AccessRegistration(database, recorder, ISSUER)


@pytest.fixture
def catalog(database: Database) -> ResourceCatalog:
    return ResourceCatalog(database)
