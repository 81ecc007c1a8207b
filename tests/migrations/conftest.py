"""Databases for migrations: empty ones, and one with a row in the tables that hang together."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from authserver import storage
from authserver.protocol import validity
from authserver.settings import Settings
from authserver.storage import Database
from authserver.storage.models.clients import ClientRecord, ClientSecret, Resource, Scope
from authserver.storage.models.grants import Grant
from authserver.storage.models.users import User


@pytest.fixture
def database(database_url: str, make_settings: Callable[..., Settings]) -> Iterator[Database]:
    """An empty database, without a schema."""
    opened = storage.open(make_settings(database_url=database_url))
    yield opened
    opened.close()


def fill(database: Database) -> None:
    """Store a client with a secret, a resource with a scope, a person and a grant."""
    with database.unit() as unit:
        unit.clients.add(ClientRecord(id="shop", name="Shop"))
        unit.client_secrets.add(ClientSecret(client_id="shop", digest=b"digest"))
        unit.resources.add(Resource(id="https://api.example", name="API"))
        unit.scopes.add(Scope(name="orders", resource_id="https://api.example"))
        user = unit.users.add(User(username="ada", username_key="ada"))
        unit.grants.add(Grant(client_id="shop", user_id=user.id, auth_time=validity.now()))
