"""The keys that a process holds: what they are, and when they change."""

from __future__ import annotations

import json
import logging
import threading

import pytest

from authserver.crypto.sealing import Sealer, SealingError
from authserver.signing.keyring import Keyring, NoActiveKey
from authserver.storage import snapshots
from tests.unit.signing.conftest import Safe


def kids(keyring: Keyring) -> list[str]:
    return [key["kid"] for key in json.loads(keyring.public_jwks_body())["keys"]]


def test_it_gives_the_active_key_of_each_algorithm(safe: Safe) -> None:
    es256, eddsa = safe.ensure("ES256", "EdDSA")
    assert safe.keyring.active("ES256").kid == es256
    assert safe.keyring.active("EdDSA").kid == eddsa
    assert safe.keyring.algorithms() == ("ES256", "EdDSA")
    with pytest.raises(NoActiveKey, match="PS256"):
        safe.keyring.active("PS256")


def test_an_empty_database_has_an_empty_key_set(safe: Safe) -> None:
    assert safe.keyring.algorithms() == ()
    assert safe.keyring.public_jwks_body() == b'{"keys":[]}'


def test_next_active_and_retired_keys_are_published_and_verify(safe: Safe) -> None:
    (first,) = safe.ensure("ES256")
    second = safe.do(safe.rotation.rotate, "ES256", force=True).kid
    third = safe.do(safe.rotation.prepare_next, "ES256")
    assert kids(safe.keyring) == [second, third, first]
    assert all(safe.keyring.find(kid) for kid in (first, second, third))


def test_a_removed_key_is_gone(safe: Safe) -> None:
    (first,) = safe.ensure("ES256")
    safe.do(safe.rotation.rotate, "ES256", force=True)
    assert safe.keyring.find(first)
    safe.do(safe.rotation.remove, first)
    assert safe.keyring.find(first) is None
    assert first not in kids(safe.keyring)


def test_another_process_hears_of_a_new_key(shared_safe: Safe) -> None:
    other = Keyring(shared_safe.database, shared_safe.sealer)
    assert other.algorithms() == ()
    (kid,) = shared_safe.ensure("ES256")
    assert other.active("ES256").kid == kid
    document = shared_safe.keyring.public_jwks()
    assert (other.public_jwks_body(), other.etag) == (document.body, document.etag)


def test_nothing_is_read_twice_within_a_second(safe: Safe, monkeypatch: pytest.MonkeyPatch) -> None:
    safe.ensure("ES256")
    key = safe.keyring.active("ES256")
    monkeypatch.setattr(snapshots, "MAX_AGE", 3600)
    safe.keyring.refresh()
    monkeypatch.setattr(safe.database, "reading_aside", lambda: pytest.fail("the database was read"))
    assert all(safe.keyring.active("ES256") is key for _ in range(100))


def test_a_key_made_a_moment_ago_elsewhere_is_looked_for(safe: Safe, monkeypatch: pytest.MonkeyPatch) -> None:
    safe.ensure("ES256")
    assert safe.keyring.algorithms() == ("ES256",)
    monkeypatch.setattr(snapshots, "MAX_AGE", 3600)
    safe.keyring.refresh()
    new = safe.do(safe.rotation.rotate, "ES256", force=True).kid
    assert safe.keyring.find(new)


def test_unknown_names_cannot_make_it_read_without_end(safe: Safe, monkeypatch: pytest.MonkeyPatch) -> None:
    safe.ensure("ES256")
    monkeypatch.setattr(snapshots, "MAX_AGE", 3600)
    monkeypatch.setattr("authserver.signing.keyring.MISSING_SECONDS", 3600)
    safe.keyring.refresh()
    assert safe.keyring.find("unknown") is None
    monkeypatch.setattr(safe.database, "reading_aside", lambda: pytest.fail("the database was read"))
    assert [safe.keyring.find(f"unknown-{number}") for number in range(100)] == [None] * 100


def test_without_the_database_the_last_keys_serve(
    safe: Safe, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (kid,) = safe.ensure("ES256")
    body = safe.keyring.public_jwks_body()

    def down() -> None:
        raise ConnectionError("no database")

    monkeypatch.setattr(safe.database, "reading_aside", down)
    with caplog.at_level(logging.ERROR):
        assert safe.keyring.active("ES256").kid == kid
        assert safe.keyring.public_jwks_body() == body
    assert len(caplog.records) == 1


def test_a_keyring_without_any_keys_says_that_the_database_is_down(safe: Safe, monkeypatch: pytest.MonkeyPatch) -> None:
    def down() -> None:
        raise ConnectionError("no database")

    monkeypatch.setattr(safe.database, "reading_aside", down)
    with pytest.raises(ConnectionError):
        safe.keyring.active("ES256")


def test_another_sealing_key_opens_nothing(safe: Safe) -> None:
    safe.ensure("ES256")
    with pytest.raises(SealingError):
        Keyring(safe.database, Sealer.of(b"x" * 32)).active("ES256")


def test_a_private_half_moved_to_another_row_does_not_open(safe: Safe) -> None:
    es256, eddsa = safe.ensure("ES256", "EdDSA")
    with safe.database.unit() as unit:
        unit.signing_keys.find(es256).sealed_private = unit.signing_keys.find(eddsa).sealed_private  # type: ignore[union-attr]
    with pytest.raises(SealingError):
        Keyring(safe.database, safe.sealer).active("ES256")


def test_readers_always_see_a_whole_set_while_keys_rotate(safe: Safe) -> None:
    safe.ensure("EdDSA")
    wrong: list[str] = []
    over = threading.Event()

    def read() -> None:
        while not over.is_set():
            key = safe.keyring.active("EdDSA")
            if safe.keyring.find(key.kid) is None:
                wrong.append(key.kid)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(10):
        safe.do(safe.rotation.rotate, "EdDSA", force=True)
    over.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(kids(safe.keyring)) == 11
