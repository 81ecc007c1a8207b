"""Clients in memory: immutable, bounded, at most a second old."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import timedelta

import pytest

from authserver import storage
from authserver.clients.directory import ClientDirectory, SecretDigest
from authserver.clients.metadata import ClientMetadata
from authserver.clients.registration import ClientRegistration
from authserver.crypto.secrets import ClientSecrets
from authserver.protocol import validity
from authserver.settings import Settings
from authserver.storage import Database
from authserver.storage.snapshots import watch


@pytest.fixture
def shop(registration: ClientRegistration, web_client: ClientMetadata) -> str:
    return registration.create(web_client, client_id="shop").client.id


def test_unknown_client_is_nobody(directory: ClientDirectory) -> None:
    assert directory.find("nobody") is None


def test_found_client_is_a_frozen_value(directory: ClientDirectory, shop: str) -> None:
    client = directory.find(shop)
    assert client is not None
    assert client.grant_types == {"authorization_code", "refresh_token"}
    assert client.response_types == {"code"}
    with pytest.raises(FrozenInstanceError):
        client.enabled = False  # type: ignore[misc]


def test_known_client_costs_no_query(
    directory: ClientDirectory, database: Database, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = directory.find(shop)
    monkeypatch.setattr(watch(database), "_clock", lambda: watch(database)._read[0])
    monkeypatch.setattr(database, "reading_aside", None)
    assert directory.find(shop) is first


def test_change_is_seen_when_the_second_is_over(
    directory: ClientDirectory,
    database: Database,
    registration: ClientRegistration,
    shop: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert directory.find(shop) is not None
    registration.disable(shop)
    later = watch(database)._read[0] + 1.0
    monkeypatch.setattr(watch(database), "_clock", lambda: later)
    client = directory.find(shop)
    assert client is not None
    assert not client.enabled


def test_forget_shows_a_change_at_once(directory: ClientDirectory, registration: ClientRegistration, shop: str) -> None:
    directory.find(shop)
    registration.delete(shop)
    directory.forget()
    assert directory.find(shop) is None


def test_memory_is_bounded(
    database: Database, client_secrets: ClientSecrets, registration: ClientRegistration, web_client: ClientMetadata
) -> None:
    directory = ClientDirectory(database, client_secrets, capacity=2)
    for name in ("a", "b", "c"):
        registration.create(web_client, client_id=name)
    directory.forget()
    for name in ("a", "b", "a", "c", "nobody"):
        directory.find(name)
    assert list(directory._known) == ["a", "c"]


def test_origins_are_those_of_enabled_clients(
    directory: ClientDirectory, registration: ClientRegistration, shop: str
) -> None:
    registration.update(shop, {"origins": ("https://shop.example",)})
    directory.forget()
    assert directory.origins() == {"https://shop.example"}
    registration.disable(shop)
    directory.forget()
    assert directory.origins() == frozenset()


def test_watch_is_shared_by_a_process_and_not_by_databases(database: Database, settings: Settings) -> None:
    other = storage.open(settings)
    assert watch(database) is watch(database)
    assert watch(database) is not watch(other)
    other.close()


def test_a_secret_counts_from_its_beginning_to_its_end() -> None:
    begin = validity.now()
    end, second = begin + timedelta(days=1), timedelta(seconds=1)
    secret = SecretDigest(b"", begin, end)
    moments = (begin - second, begin, end - second, end)
    assert [secret.is_good_at(moment) for moment in moments] == [False, True, True, False]
    assert SecretDigest(b"", begin, None).is_good_at(end)
