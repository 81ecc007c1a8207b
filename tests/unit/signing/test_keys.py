"""Keys and their published form: one key for one algorithm, named by its thumbprint."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from authserver.crypto.derivation import encode
from authserver.signing import keys
from authserver.signing.keys import ALGORITHMS, UnsuitableKey
from tests.keys import signing

PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}


@pytest.mark.parametrize(("alg", "kty"), list(zip(ALGORITHMS, ("RSA", "RSA", "EC", "OKP"), strict=True)))
def test_a_published_key_has_name_use_and_algorithm_and_nothing_private(alg: str, kty: str) -> None:
    jwk = keys.public_jwk(alg, signing(alg).private.public_key())
    assert (jwk["kty"], jwk["kid"], jwk["use"], jwk["alg"]) == (kty, signing(alg).kid, "sig", alg)
    assert not PRIVATE_MEMBERS & jwk.keys()


def test_the_name_of_a_key_is_the_thumbprint_of_rfc_7638() -> None:
    n = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3ok"
        "njhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6"
        "qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awa"
        "pJzKnqDKgw"
    )
    public = keys.verification_key({"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "any"}).public
    assert keys.public_jwk("RS256", public)["kid"] == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_key_survives_storage(alg: str) -> None:
    key = signing(alg)
    again = keys.from_private_bytes(alg, key.kid, keys.private_bytes(key))
    assert keys.private_bytes(again) == keys.private_bytes(key)


def test_a_stored_key_under_another_name_is_refused() -> None:
    with pytest.raises(UnsuitableKey, match="not the one its row names"):
        keys.from_private_bytes("ES256", "other", keys.private_bytes(signing("ES256")))


FOREIGN = ed448.Ed448PrivateKey.generate()


@pytest.mark.parametrize(
    "data",
    [b"", b"garbage", FOREIGN.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())],
    ids=["nothing", "garbage", "foreign"],
)
def test_unreadable_bytes_are_no_key(data: bytes) -> None:
    with pytest.raises(UnsuitableKey):
        keys.from_private_bytes("ES256", "any", data)


@pytest.mark.parametrize("alg", ["HS256", "none", "RS512", ""])
def test_only_the_four_algorithms_are_made(alg: str) -> None:
    with pytest.raises(UnsuitableKey, match="RS256, PS256, ES256, EdDSA"):
        keys.generate(alg)


@pytest.mark.parametrize(
    ("alg", "private"),
    [
        ("RS256", rsa.generate_private_key(65537, 1024)),  # noqa: S505 - to be refused
        ("ES256", ec.generate_private_key(ec.SECP384R1())),
        ("ES256", ec.generate_private_key(ec.SECP256K1())),
        ("RS256", ec.generate_private_key(ec.SECP256R1())),
        ("EdDSA", ec.generate_private_key(ec.SECP256R1())),
        ("EdDSA", ed448.Ed448PrivateKey.generate()),
    ],
)
def test_weak_and_foreign_keys_are_refused(alg: str, private: Any) -> None:
    with pytest.raises(UnsuitableKey):
        keys.check_suitable(alg, private.public_key())


def test_an_exponent_that_makes_checking_slow_is_refused() -> None:
    numbers = rsa.RSAPublicNumbers(2**1024 + 1, signing("RS256").private.public_key().public_numbers().n)
    with pytest.raises(UnsuitableKey, match="exponent"):
        keys.check_suitable("RS256", numbers.public_key())


def test_a_key_does_not_print_itself() -> None:
    assert "private" not in repr(signing("ES256"))


@pytest.mark.parametrize(
    "changes",
    [
        {"alg": "HS256"},
        {"alg": None},
        {"kid": None},
        {"kty": "oct", "k": "AA"},
        {"x": "!"},
        {"crv": "P-384"},
        {"kty": 1},
    ],
)
def test_a_published_key_that_cannot_be_used_is_refused(changes: dict[str, Any]) -> None:
    jwk = keys.public_jwk("ES256", signing("ES256").private.public_key())
    with pytest.raises(UnsuitableKey):
        keys.verification_key(jwk | changes)


def test_a_published_key_of_a_foreign_curve_is_refused() -> None:
    jwk = {
        "kty": "OKP",
        "crv": "Ed448",
        "x": encode(FOREIGN.public_key().public_bytes_raw()),
        "alg": "EdDSA",
        "kid": "k",
    }
    with pytest.raises(UnsuitableKey, match="another kind"):
        keys.verification_key(jwk)


def test_private_members_of_a_published_key_are_not_read() -> None:
    jwk = keys.public_jwk("ES256", signing("ES256").private.public_key())
    assert keys.verification_key(jwk | {"d": "AAAA"}) == keys.verification_key(jwk)
