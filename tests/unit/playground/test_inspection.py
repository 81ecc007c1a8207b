"""Tokens are checked as an application must check them: each check fails when what it looks at is wrong."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from authserver.playground.inspection import Expected, Token, access_token, id_token
from authserver.protocol import validity
from authserver.signing.jwk_set import PublishedKeys
from authserver.signing.keys import SigningKey, generate, public_jwk
from authserver.tokens import access_tokens, id_tokens, jose

ISSUER = "https://id.example"
EXPECTED = Expected(ISSUER, "app", "n-1")
REFRESHED = Expected(ISSUER, "app", "n-1", subject="alice")
ACCESS = "an access token"


@pytest.fixture(scope="module")
def key() -> SigningKey:
    """A key that signs."""
    return generate("ES256")


@pytest.fixture(scope="module")
def keys(key: SigningKey) -> PublishedKeys:
    """What is published of it."""
    return PublishedKeys({"keys": [public_jwk(key.alg, key.private.public_key())]})


def claims(**changes: Any) -> dict[str, Any]:
    """The claims of a good ID token, with changes; None takes one out."""
    good: dict[str, Any] = {
        "iss": ISSUER,
        "sub": "alice",
        "aud": "app",
        "exp": validity.timestamp() + 60,
        "nonce": "n-1",
        "at_hash": id_tokens.left_half_hash(ACCESS, "ES256"),
    }
    return {name: value for name, value in (good | changes).items() if value is not None}


def failed(token: Token) -> set[str]:
    """The checks that failed."""
    return {check.name for check in token.checks if not check.passed}


def test_a_good_id_token_passes(key: SigningKey, keys: PublishedKeys) -> None:
    token = id_token(jose.sign(claims(), key, id_tokens.TYPE), keys, EXPECTED, ACCESS)
    assert failed(token) == set()
    assert len(token.checks) == 6
    assert orjson.loads(token.header)["alg"] == "ES256"
    assert orjson.loads(token.claims)["sub"] == "alice"


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"iss": "https://evil.example"}, "issuer"),
        ({"aud": "other"}, "audience"),
        ({"aud": ["other"]}, "audience"),
        ({"exp": 1}, "time"),
        ({"exp": None}, "time"),
        ({"nonce": "n-2"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"at_hash": "x"}, "at_hash"),
    ],
)
def test_each_claim_is_looked_at(key: SigningKey, keys: PublishedKeys, changes: dict[str, Any], check: str) -> None:
    value = jose.sign(claims(**changes), key, id_tokens.TYPE)
    assert failed(id_token(value, keys, EXPECTED, ACCESS)) == {check}


def test_a_refreshed_id_token_may_leave_out_the_nonce_but_not_change_the_person(
    key: SigningKey, keys: PublishedKeys
) -> None:
    silent = jose.sign(claims(nonce=None), key, id_tokens.TYPE)
    other = jose.sign(claims(nonce="n-2", sub="mallory"), key, id_tokens.TYPE)
    assert failed(id_token(silent, keys, REFRESHED, ACCESS)) == set()
    assert failed(id_token(other, keys, REFRESHED, ACCESS)) == {"nonce", "subject"}


def test_a_signature_needs_a_published_key_and_the_right_type(key: SigningKey, keys: PublishedKeys) -> None:
    good = jose.sign(claims(), key, id_tokens.TYPE)
    assert failed(id_token(good, PublishedKeys({}), EXPECTED, ACCESS)) == {"signature"}
    assert failed(id_token(good[:-4] + "AAAA", keys, EXPECTED, ACCESS)) == {"signature"}
    assert "signature" in failed(access_token(good, keys, EXPECTED))


def test_an_access_token_is_checked_but_for_whom_it_is(key: SigningKey, keys: PublishedKeys) -> None:
    value = jose.sign(claims(aud=["https://a.example", "https://b.example"]), key, access_tokens.TYPE)
    token = access_token(value, keys, EXPECTED)
    assert failed(token) == set()
    assert "https://a.example https://b.example" in {check.detail for check in token.checks}


@pytest.mark.parametrize("value", ["opaque", "a.b", ""])
def test_an_opaque_token_says_nothing(keys: PublishedKeys, value: str) -> None:
    assert access_token(value, keys, EXPECTED) == Token("access_token")


@pytest.mark.parametrize("value", ["", "a.b.c", "W10.W10.x", "é.é.é"])
def test_garbage_fails_every_check(keys: PublishedKeys, value: str) -> None:
    assert failed(id_token(value, keys, EXPECTED, ACCESS)) >= {"signature", "issuer", "audience", "time", "at_hash"}
