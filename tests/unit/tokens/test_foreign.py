"""Tokens that somebody else signed (RFC 8725)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import orjson
import pytest

from authserver.protocol.errors import InvalidToken
from authserver.signing.keys import public_jwk
from authserver.tokens import foreign, jose
from tests import keys

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
CLAIMS = {"iss": "app", "exp": 1}


def jwk(alg: str) -> dict[str, Any]:
    return public_jwk(alg, keys.signing(alg).private.public_key())


def encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(value)).rstrip(b"=").decode()


def token(header: dict[str, Any], claims: Any = CLAIMS, signature: str = "AA") -> str:
    return f"{encoded(header)}.{encoded(claims)}.{signature}"


def reason_of(text: str, jwks: list[dict[str, Any]], algorithms: tuple[str, ...] = ALGORITHMS) -> str:
    with pytest.raises(InvalidToken) as refused:
        foreign.verify(foreign.parse(text), jwks, algorithms)
    return refused.value.reason


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_the_signers_key_verifies(alg: str) -> None:
    text = jose.sign(CLAIMS, keys.signing(alg), "JWT")
    assert foreign.verify(foreign.parse(text), [jwk(alg)], [alg]) == CLAIMS


def test_without_a_name_every_fitting_key_is_tried() -> None:
    named = jose.sign(CLAIMS, keys.signing("ES256"), "JWT")
    parsed = foreign.parse(named)
    nameless = {name: value for name, value in jwk("ES256").items() if name != "kid"}
    assert reason_of(named, [nameless]) == "key_unknown"
    unnamed = foreign.Foreign("ES256", None, "jwt", {}, CLAIMS, parsed.signing_input, parsed.signature)
    assert foreign.verify(unnamed, [jwk("RS256"), nameless], ALGORITHMS) == CLAIMS


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"alg": "none"}, "algorithm_not_allowed"),
        ({"alg": "HS256"}, "algorithm_not_allowed"),
        ({"alg": "ES256", "kid": "unknown"}, "key_unknown"),
        ({"alg": "ES256"}, "signature_wrong"),
        ({"typ": "JWT"}, "header_malformed"),
        ({"alg": 1}, "header_malformed"),
        ({"alg": "ES256", "kid": 1}, "header_malformed"),
        *(({"alg": "ES256", name: "x"}, "header_member_not_allowed") for name in ("jku", "x5u", "jwk", "crit")),
    ],
)
def test_a_header_that_chooses_or_misleads_is_refused(header: dict[str, Any], reason: str) -> None:
    assert reason_of(token(header), [jwk("ES256")]) == reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a.b", "token_malformed"),
        ("ä.b.c", "token_malformed"),
        ("x" * (foreign.MAX_LENGTH + 1), "token_too_long"),
        ("Zm9v.e30.", "header_malformed"),
        (f"{encoded([])}.e30.", "header_malformed"),
        (token({"alg": "ES256"}, []), "payload_malformed"),
    ],
)
def test_what_is_no_token_is_refused(text: str, reason: str) -> None:
    assert reason_of(text, []) == reason


@pytest.mark.parametrize(
    "changes",
    [{"use": "enc"}, {"alg": "PS256"}, {"kty": "RSA"}, {"crv": "P-384"}, {"x": "AA"}, {"x": 5}, {"kid": "other"}],
)
def test_a_key_that_is_for_something_else_verifies_nothing(changes: dict[str, Any]) -> None:
    text = jose.sign(CLAIMS, keys.signing("ES256"), "JWT")
    assert reason_of(text, [jwk("ES256") | changes]) == "key_unknown"


def test_only_what_this_purpose_accepts_counts() -> None:
    text = jose.sign(CLAIMS, keys.signing("RS256"), "JWT")
    assert reason_of(text, [jwk("RS256")], ("ES256",)) == "algorithm_not_allowed"


def test_a_member_that_the_kind_of_token_defines_is_read() -> None:
    parsed = foreign.parse(token({"alg": "ES256", "jwk": {"kty": "EC"}}), allowed_members=["jwk"])
    assert parsed.header["jwk"] == {"kty": "EC"}


def test_a_shared_secret_authenticates() -> None:
    secret = b"s" * 32
    signing_input = f"{encoded({'alg': 'HS256'})}.{encoded(CLAIMS)}"
    tag = hmac.digest(secret, signing_input.encode(), hashlib.sha256)
    text = f"{signing_input}.{base64.urlsafe_b64encode(tag).rstrip(b'=').decode()}"
    assert foreign.verify_mac(foreign.parse(text), secret, ["HS256"]) == CLAIMS


@pytest.mark.parametrize(
    ("secret", "algorithms", "reason"),
    [
        (b"t" * 32, ["HS256"], "signature_wrong"),
        (b"short", ["HS256"], "secret_too_short"),
        (b"s" * 32, ["ES256"], "algorithm_not_allowed"),
    ],
)
def test_a_secret_that_is_not_good_authenticates_nothing(secret: bytes, algorithms: list[str], reason: str) -> None:
    with pytest.raises(InvalidToken) as refused:
        foreign.verify_mac(foreign.parse(token({"alg": "HS256"})), secret, algorithms)
    assert refused.value.reason == reason


def test_a_thumbprint_is_that_of_rfc_7638() -> None:
    modulus = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3ok"
        "njhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu"
        "6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8a"
        "wapJzKnqDKgw"
    )
    found = foreign.thumbprint({"kty": "RSA", "n": modulus, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"})
    assert found == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


@pytest.mark.parametrize("key", [{}, {"kty": "oct", "k": "AA"}, {"kty": "EC", "crv": "P-256", "x": "AA"}])
def test_a_key_without_its_members_has_no_thumbprint(key: dict[str, Any]) -> None:
    with pytest.raises(InvalidToken):
        foreign.thumbprint(key)
