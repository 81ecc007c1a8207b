"""Encryption to others and decryption of what was encrypted to us."""

from __future__ import annotations

import base64
import json
from functools import cache
from typing import Any

import pytest
from joserfc import jwe
from joserfc.jwk import ECKey, KeyFlexible, OctKey, OKPKey, RSAKey

from authserver.protocol.algorithms import CONTENT_ENCRYPTIONS, ENCRYPTION_ALGORITHMS
from authserver.protocol.errors import InvalidToken
from authserver.signing.keys import DecryptionKey, generate, public_jwk
from authserver.tokens import encryption
from authserver.tokens.encryption import NoRecipientKey, decrypt, encrypt

CONTENT = b'{"sub":"alice"}'


@cache
def theirs(kty: str, curve: str = "") -> RSAKey | ECKey | OKPKey:
    """A key of somebody else, made once."""
    if kty == "RSA":
        return RSAKey.generate_key(2048)
    return ECKey.generate_key(curve) if kty == "EC" else OKPKey.generate_key(curve)


@cache
def ours(alg: str) -> DecryptionKey:
    """A key of this server, made once."""
    key = generate(alg)
    assert isinstance(key, DecryptionKey)
    return key


def published(key: RSAKey | ECKey | OKPKey, **members: Any) -> dict[str, Any]:
    return {**key.as_dict(private=False), "kid": key.thumbprint(), **members}


def encrypted(alg: str = "RSA-OAEP-256", enc: str = "A256GCM", key: Any = None, **header: Any) -> str:
    """What an independent sender makes for us."""
    own = ours("RSA-OAEP-256" if alg.startswith("RSA") else "ECDH-ES")
    public: KeyFlexible = (RSAKey if alg.startswith("RSA") else ECKey).import_key(own.private.public_key())  # type: ignore[arg-type]
    registry = jwe.JWERegistry(algorithms=[alg, enc, "DEF"], strict_check_header=False)
    return jwe.encrypt_compact({"alg": alg, "enc": enc, **header}, CONTENT, key or public, registry=registry)


def reason(token: str, *, keys: Any = None, **accepted: Any) -> str:
    with pytest.raises(InvalidToken) as caught:
        decrypt(token, keys if keys is not None else [ours("RSA-OAEP-256"), ours("ECDH-ES")], **accepted)
    return caught.value.reason


@pytest.mark.parametrize("enc", CONTENT_ENCRYPTIONS)
@pytest.mark.parametrize("alg", ENCRYPTION_ALGORITHMS)
def test_the_recipient_reads_what_was_meant_for_it(alg: str, enc: str) -> None:
    key = theirs("RSA") if alg.startswith("RSA") else theirs("EC", "P-256")
    token = encrypt(CONTENT, [published(key)], alg=alg, enc=enc, cty="JWT")
    opened = jwe.decrypt_compact(token, key, algorithms=[alg, enc])
    assert opened.plaintext == CONTENT
    assert (opened.protected["kid"], opened.protected["cty"]) == (key.thumbprint(), "JWT")


@pytest.mark.parametrize("enc", CONTENT_ENCRYPTIONS)
@pytest.mark.parametrize("alg", ENCRYPTION_ALGORITHMS)
def test_what_others_encrypted_to_us_is_opened(alg: str, enc: str) -> None:
    payload, header = decrypt(encrypted(alg, enc, cty="JWT"), [ours("ECDH-ES"), ours("RSA-OAEP-256")])
    assert (payload, header["alg"], header["enc"], header["cty"]) == (CONTENT, alg, enc, "JWT")


@pytest.mark.parametrize(("kty", "curve"), [("EC", "P-384"), ("EC", "P-521"), ("OKP", "X25519")])
def test_clients_may_have_keys_on_other_curves(kty: str, curve: str) -> None:
    key = theirs(kty, curve)
    token = encrypt(CONTENT, [published(key)], alg="ECDH-ES+A256KW", enc="A128GCM", cty=None)
    assert jwe.decrypt_compact(token, key, algorithms=["ECDH-ES+A256KW", "A128GCM"]).plaintext == CONTENT


@pytest.mark.parametrize(("kty", "curve"), [("EC", "secp256k1"), ("OKP", "X448"), ("OKP", "Ed25519")])
def test_a_key_on_a_curve_that_is_not_offered_is_not_used(kty: str, curve: str) -> None:
    assert not encryption.has_recipient_key([published(theirs(kty, curve))], "ECDH-ES")


def test_a_key_for_encryption_is_preferred_to_one_for_anything() -> None:
    plain, meant = RSAKey.generate_key(2048), theirs("RSA")
    jwks = [published(plain), published(meant, use="enc", alg="RSA-OAEP-256")]
    token = encrypt(CONTENT, jwks, alg="RSA-OAEP-256", enc="A128GCM", cty=None)
    assert encryption._header(token.partition(".")[0])["kid"] == meant.thumbprint()
    named = encrypt(CONTENT, jwks, alg="RSA-OAEP-256", enc="A128GCM", cty=None, kid=plain.thumbprint())
    assert encryption._header(named.partition(".")[0])["kid"] == plain.thumbprint()


@pytest.mark.parametrize(
    "jwk",
    [
        {"use": "sig"},
        {"alg": "RSA-OAEP"},
        {"alg": "ECDH-ES"},
        {"alg": "RS256"},
        {"n": "AQAB"},
        {"e": "AQAAAAAAAAAAAAAB"},
        {"n": base64.urlsafe_b64encode(b"\xff" * 1100).decode().rstrip("=")},
        {"kty": "EC", "crv": "secp256k1", "x": "AQ", "y": "AQ"},
        {"kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ"},
        {"kty": "oct", "k": "AAAA"},
        {"kty": 7},
    ],
)
def test_a_key_that_does_not_fit_is_not_used(jwk: dict[str, Any]) -> None:
    for alg in ("RSA-OAEP-256", "ECDH-ES"):
        jwks = [published(theirs("RSA")) | jwk]
        assert not encryption.has_recipient_key(jwks, alg)
        with pytest.raises(NoRecipientKey):
            encrypt(CONTENT, jwks, alg=alg, enc="A128GCM", cty=None)


@pytest.mark.parametrize(("alg", "enc"), [("RSA1_5", "A128GCM"), ("RSA-OAEP", "A128GCM"), ("RSA-OAEP-256", "A192GCM")])
def test_nothing_else_is_offered(alg: str, enc: str) -> None:
    with pytest.raises(ValueError, match="not offered"):
        encrypt(CONTENT, [published(theirs("RSA"))], alg=alg, enc=enc, cty=None)


@pytest.mark.parametrize(
    ("alg", "enc"), [("RSA1_5", "A128GCM"), ("RSA-OAEP", "A128GCM"), ("RSA-OAEP-256", "A192GCM"), ("dir", "A128GCM")]
)
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_other_algorithms_are_not_opened(alg: str, enc: str) -> None:
    key = OctKey.generate_key(128) if alg == "dir" else None
    assert reason(encrypted(alg, enc, key)) == "encryption_not_allowed"


def test_what_the_caller_does_not_accept_is_not_opened() -> None:
    assert reason(encrypted("ECDH-ES"), algorithms=("RSA-OAEP-256",)) == "encryption_not_allowed"
    assert reason(encrypted(enc="A128GCM"), encryptions=("A256GCM",)) == "encryption_not_allowed"


@pytest.mark.parametrize("header", [{"zip": "DEF"}, {"jwk": {}}, {"jku": "https://x.example"}, {"b64": True}])
def test_a_header_that_chooses_rules_or_keys_is_refused(header: dict[str, Any]) -> None:
    assert reason(encrypted(**header)) == "encryption_header_not_allowed"


def test_a_bomb_is_not_even_unpacked() -> None:
    assert reason("a" * (encryption.MAX_LENGTH + 1)) == "encrypted_token_too_long"


def test_a_kid_names_the_only_key_that_counts() -> None:
    assert decrypt(encrypted(kid=ours("RSA-OAEP-256").kid), [ours("RSA-OAEP-256")]).payload == CONTENT
    assert reason(encrypted(kid="another")) == "encryption_key_unknown"
    assert reason(encrypted(kid=ours("ECDH-ES").kid)) == "encryption_key_unknown"
    assert reason(encrypted(), keys=[]) == "encryption_key_unknown"


def test_a_changed_or_foreign_token_fails_the_same_way() -> None:
    parts = encrypted().split(".")
    for index in range(1, 5):
        changed = [*parts]
        changed[index] = ("B" if changed[index][0] == "A" else "A") + changed[index][1:]
        assert reason(".".join(changed)) == "decryption_failed"
    for_somebody = encrypt(
        CONTENT, [published(theirs("EC", "P-256")) | {"kid": None}], alg="ECDH-ES", enc="A128GCM", cty=None
    )
    assert reason(for_somebody) == "decryption_failed"


@pytest.mark.parametrize("epk", [None, "x", {"kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ"}, {"kty": "OKP"}])
def test_a_point_that_is_not_on_the_curve_is_refused(epk: Any) -> None:
    header = {"alg": "ECDH-ES", "enc": "A128GCM", "epk": epk}
    first = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
    assert reason(f"{first}..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA") == "decryption_failed"


@pytest.mark.parametrize(
    "header", [b"[]", b"{}", b"x", b'{"alg":1,"enc":"A128GCM"}', b'{"alg":"ECDH-ES","enc":"A128GCM","kid":[]}']
)
def test_a_header_of_another_form_is_refused(header: bytes) -> None:
    first = base64.urlsafe_b64encode(header).decode().rstrip("=")
    assert reason(f"{first}....").startswith("encryption_header_")


@pytest.mark.parametrize("token", ["", "a.b.c", "ä....", "a.b.c.d.e.f"])
def test_what_has_not_five_parts_is_no_encrypted_token(token: str) -> None:
    assert reason(token) == "encrypted_token_malformed"


def test_our_keys_say_that_they_are_for_encryption() -> None:
    for alg in ("RSA-OAEP-256", "ECDH-ES"):
        jwk = public_jwk(alg, ours(alg).private.public_key())
        assert (jwk["use"], jwk["alg"], jwk["kid"]) == ("enc", alg, ours(alg).kid)
