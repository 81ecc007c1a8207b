"""A client directory and the services around it, on a migrated database."""

from __future__ import annotations

import pytest

from authserver.clients.directory import ClientDirectory
from authserver.clients.metadata import ClientMetadata
from authserver.clients.registration import ClientRegistration
from authserver.crypto.sealing import Sealer
from authserver.crypto.secrets import ClientSecrets
from authserver.events.outbox import Recorder
from authserver.storage import Database
from tests.recorders import RememberingRecorder


@pytest.fixture
def client_secrets() -> ClientSecrets:
    return ClientSecrets(b"pepper-of-these-tests", Sealer.of(bytes(32)))


@pytest.fixture
def recorder() -> RememberingRecorder:
    return RememberingRecorder()


@pytest.fixture
def directory(database: Database, client_secrets: ClientSecrets) -> ClientDirectory:
    return ClientDirectory(database, client_secrets)


@pytest.fixture
def registration(database: Database, client_secrets: ClientSecrets, recorder: Recorder) -> ClientRegistration:
    return ClientRegistration(database, client_secrets, recorder)


@pytest.fixture
def web_client() -> ClientMetadata:
    return ClientMetadata(
        name="Shop",
        redirect_uris=("https://shop.example/callback",),
        grant_types=("authorization_code", "refresh_token"),
        scopes=frozenset({"openid", "profile"}),
    )
