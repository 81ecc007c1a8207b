"""The public keys of a client, registered or published."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from authserver.clients import keys as client_keys
from authserver.clients.keys import FRESH_SECONDS, MOST_KEYS, PAUSE_SECONDS, ClientKeys
from authserver.events.destinations import OutboundFailed
from authserver.events.outbound import OutboundResponse
from authserver.protocol.errors import InvalidToken

URI = "https://app.example/jwks"


@dataclass
class Publisher:
    """Answers with a key set and counts how often it is asked."""

    kids: tuple[str, ...] = ("one",)
    status: int = 200
    body: bytes | None = None
    down: bool = False
    asked: int = 0
    now: float = field(default=0.0)

    def get(self, *_: Any, **__: Any) -> OutboundResponse:
        self.asked += 1
        if self.down:
            raise OutboundFailed("timed_out")
        published = {"keys": [{"kid": kid, "kty": "EC"} for kid in self.kids]}
        return OutboundResponse(self.status, {}, self.body if self.body is not None else orjson.dumps(published))


@pytest.fixture
def publisher() -> Publisher:
    return Publisher()


@pytest.fixture
def keys(publisher: Publisher) -> ClientKeys:
    return ClientKeys(publisher, lambda: publisher.now)  # type: ignore[arg-type]


def client(**values: Any) -> Any:
    return SimpleNamespace(jwks=None, jwks_uri=URI, **values)


def kids(keys: ClientKeys, kid: str | None = None) -> list[str]:
    return [key["kid"] for key in keys.of(client(), kid)]


def test_registered_keys_are_there_without_asking(keys: ClientKeys, publisher: Publisher) -> None:
    registered = SimpleNamespace(jwks={"keys": [{"kid": "mine"}, "broken"]}, jwks_uri=URI)
    assert keys.of(registered) == ({"kid": "mine"},)  # type: ignore[arg-type]
    assert publisher.asked == 0


def test_a_client_without_keys_has_none(keys: ClientKeys) -> None:
    assert keys.of(SimpleNamespace(jwks=None, jwks_uri=None)) == ()  # type: ignore[arg-type]


def test_published_keys_are_remembered_for_a_while(keys: ClientKeys, publisher: Publisher) -> None:
    assert kids(keys) == ["one"]
    publisher.now = FRESH_SECONDS - 1
    assert kids(keys, "one") == ["one"]
    assert publisher.asked == 1
    publisher.now = FRESH_SECONDS + 1
    kids(keys)
    assert publisher.asked == 2


def test_an_unknown_name_has_the_set_read_again(keys: ClientKeys, publisher: Publisher) -> None:
    """oidcc-refresh-token-rp-key-rotation"""
    kids(keys)
    publisher.kids, publisher.now = ("two",), PAUSE_SECONDS + 1
    assert kids(keys, "two") == ["two"]


def test_invented_names_do_not_make_it_be_read_all_the_time(keys: ClientKeys, publisher: Publisher) -> None:
    for number in range(20):
        kids(keys, f"invented-{number}")
    assert publisher.asked == 1


def test_a_dead_publisher_is_not_asked_at_every_request(keys: ClientKeys, publisher: Publisher) -> None:
    publisher.down = True
    for _ in range(3):
        with pytest.raises(InvalidToken) as refused:
            kids(keys)
        assert refused.value.reason == "keys_unavailable"
    assert publisher.asked == 1


def test_a_publisher_that_comes_back_is_asked_after_the_pause(keys: ClientKeys, publisher: Publisher) -> None:
    publisher.down = True
    with pytest.raises(InvalidToken):
        kids(keys)
    publisher.down, publisher.now = False, PAUSE_SECONDS + 1
    assert kids(keys) == ["one"]


def test_known_keys_outlive_an_outage(keys: ClientKeys, publisher: Publisher) -> None:
    kids(keys)
    publisher.down, publisher.now = True, FRESH_SECONDS + 1
    assert kids(keys, "one") == ["one"]


@pytest.mark.parametrize(
    "changes",
    [
        {"status": 404},
        {"body": b"<html>"},
        {"body": b"[]"},
        {"body": b'{"keys": {}}'},
        {"kids": tuple(map(str, range(MOST_KEYS + 1)))},
    ],
)
def test_what_is_no_key_set_is_not_taken_for_one(
    keys: ClientKeys, publisher: Publisher, changes: dict[str, Any]
) -> None:
    for name, value in changes.items():
        setattr(publisher, name, value)
    with pytest.raises(InvalidToken):
        kids(keys)


def test_the_memory_is_bounded(keys: ClientKeys, publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_keys, "CAPACITY", 2)
    for number in (1, 2, 3, 1):
        keys.of(SimpleNamespace(jwks=None, jwks_uri=f"{URI}/{number}"))  # type: ignore[arg-type]
    assert publisher.asked == 4
