"""Key sets by value: public keys, no more than are read elsewhere (RFC 7517 §5)."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from authserver.protocol.errors import ValidationError
from authserver.protocol.key_sets import LARGEST_BYTES, check_public

KEY = {"kty": "EC", "crv": "P-256", "x": "x", "y": "y"}


def of_size(size: int) -> dict[str, Any]:
    """A set of so many bytes as JSON."""
    empty = len(orjson.dumps({"keys": [KEY | {"kid": ""}]}))
    return {"keys": [KEY | {"kid": "x" * (size - empty)}]}


def nested(levels: int) -> dict[str, Any]:
    """A set so many levels deep."""
    value: Any = "end"
    for _ in range(levels - 3):
        value = [value]
    return {"keys": [KEY | {"x5c": value}]}


@pytest.mark.parametrize(
    "jwks", [{"keys": []}, {"keys": [KEY] * 50}, of_size(65_536), nested(32), {"keys": [KEY], "other": True}]
)
def test_a_set_of_public_keys_is_taken(jwks: dict[str, Any]) -> None:
    check_public(jwks)


@pytest.mark.parametrize(
    ("jwks", "why"),
    [
        ({}, "array of keys"),
        ({"keys": KEY}, "array of keys"),
        ({"keys": "kty"}, "array of keys"),
        ({"keys": ["kty"]}, "array of keys"),
        ({"keys": [KEY, {"crv": "P-256"}]}, "array of keys"),
        ({"keys": [KEY] * 51}, "at most 50 keys"),
        (of_size(65_537), "at most 65536 bytes"),
        (nested(34), "32 levels"),
        ({"keys": [KEY | {"kid": "a\0b"}]}, "no NUL"),
        ({"keys": [KEY | {"a\0b": "kid"}]}, "no NUL"),
    ],
)
def test_what_cannot_be_accepted_is_said(jwks: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why) as refused:
        check_public(jwks)
    assert refused.value.field == "jwks"


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
def test_no_member_of_a_private_key_is_taken(member: str) -> None:
    """RFC 7518 §6.2.2, §6.3.2, §6.4.1: one is enough to be no public key."""
    with pytest.raises(ValidationError, match="public keys"):
        check_public({"keys": [KEY, KEY | {member: "AQAB"}]})


def test_the_limit_is_that_of_sets_that_are_fetched() -> None:
    assert LARGEST_BYTES == 65_536
