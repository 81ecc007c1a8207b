"""Signing and verifying compact tokens: RFC 8725 rule by rule."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import import_key

from authserver.crypto.derivation import encode
from authserver.protocol.errors import InvalidToken
from authserver.signing.keys import ALGORITHMS, own_key, public_jwk
from authserver.tokens import jose
from authserver.tokens.signature_cache import SignatureCache
from tests.keys import Keys, signing

CLAIMS = {"iss": "https://id.example", "sub": "ünï", "amr": ["pwd"], "exp": 1}
TYP = "at+jwt"


def check(token: str, keys: Keys, algorithms: tuple[str, ...] = ALGORITHMS, typ: str = TYP) -> dict[str, Any]:
    return jose.verify(token, keys, algorithms=algorithms, typ=typ)


def reason(token: str, keys: Keys, **options: Any) -> str:
    with pytest.raises(InvalidToken) as refused:
        check(token, keys, **options)
    return refused.value.reason


def forged(header: Any, alg: str = "RS256", claims: Any = CLAIMS) -> str:
    """A token with any header, correctly signed by the key of `alg`."""
    text = f"{encode(json.dumps(header).encode())}.{encode(json.dumps(claims).encode())}"
    return f"{text}.{encode(jose._SIGNERS[alg](signing(alg).private, text.encode()))}"


def header_of(alg: str = "RS256", **changes: Any) -> dict[str, Any]:
    return {"alg": alg, "kid": signing(alg).kid, "typ": TYP} | changes


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_what_was_signed_verifies(keys: Keys, alg: str) -> None:
    assert check(jose.sign(CLAIMS, signing(alg), TYP), keys, (alg,)) == CLAIMS


@pytest.mark.parametrize("alg", ALGORITHMS)
@pytest.mark.filterwarnings("ignore:EdDSA is deprecated via RFC 9864")
def test_an_independent_library_reads_our_tokens(alg: str) -> None:
    key = signing(alg)
    independent = import_key(public_jwk(alg, key.private.public_key()))
    found = jwt.decode(jose.sign(CLAIMS, key, TYP), independent, algorithms=[alg])
    assert found.header == {"alg": alg, "kid": key.kid, "typ": TYP}
    assert found.claims == CLAIMS


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_token_is_url_safe_without_padding(alg: str) -> None:
    token = jose.sign(CLAIMS, signing(alg), TYP)
    assert token.count(".") == 2
    assert token.replace(".", "").replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize("alg", ALGORITHMS)
@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_changed_token_is_refused(keys: Keys, alg: str, part: int) -> None:
    parts = jose.sign(CLAIMS, signing(alg), TYP).split(".")
    middle = len(parts[part]) // 2
    char = "A" if parts[part][middle] != "A" else "B"
    parts[part] = parts[part][:middle] + char + parts[part][middle + 1 :]
    assert reason(".".join(parts), keys)


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_signature_of_another_key_is_refused(keys: Keys, alg: str) -> None:
    one, two = jose.sign(CLAIMS, signing(alg), TYP), jose.sign({"sub": "x"}, signing(alg), TYP)
    assert reason(one.rpartition(".")[0] + "." + two.rpartition(".")[2], keys) == "signature_wrong"


@pytest.mark.parametrize("alg", ["none", "None", "NONE", ""])
def test_an_unsigned_token_is_refused(keys: Keys, alg: str) -> None:
    text = (
        f"{encode(json.dumps(header_of(alg='RS256') | {'alg': alg}).encode())}.{encode(json.dumps(CLAIMS).encode())}."
    )
    assert reason(text, keys) == "algorithm_not_allowed"
    assert reason(text, keys, algorithms=(*ALGORITHMS, alg)) == "algorithm_not_allowed"


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
@pytest.mark.parametrize(
    "form", [(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), (Encoding.DER, PublicFormat.PKCS1)]
)
def test_a_public_key_is_no_hmac_secret(keys: Keys, alg: str, form: tuple[Encoding, PublicFormat]) -> None:
    secret = signing("RS256").private.public_key().public_bytes(*form)
    text = f"{encode(json.dumps(header_of(alg='RS256') | {'alg': alg}).encode())}.{encode(json.dumps(CLAIMS).encode())}"
    token = f"{text}.{encode(hmac.digest(secret, text.encode(), 'sha' + alg[2:]))}"
    assert reason(token, keys, algorithms=(*ALGORITHMS, alg)) == "algorithm_not_allowed"


def test_an_algorithm_that_the_purpose_does_not_accept_is_refused(keys: Keys) -> None:
    assert reason(jose.sign(CLAIMS, signing("ES256"), TYP), keys, algorithms=("RS256",)) == "algorithm_not_allowed"


def test_a_key_verifies_its_own_algorithm_alone(keys: Keys) -> None:
    token = forged(header_of("RS256"))
    keys.republish(signing("RS256").kid, "PS256")
    assert reason(token, keys) == "algorithm_not_of_key"


@pytest.mark.parametrize(
    "member",
    [
        {"jku": "https://evil.example/jwks"},
        {"x5u": "https://evil.example/cert"},
        {"x5c": ["MIIB"]},
        {"jwk": {"kty": "oct", "k": "AA"}},
        {"crit": ["exp"]},
        {"crit": []},
        {"b64": False},
        {"zip": "DEF"},
        {"enc": "A128GCM"},
    ],
)
def test_a_header_with_anything_more_is_refused(keys: Keys, member: dict[str, Any]) -> None:
    assert reason(forged(header_of() | member), keys) == "header_member_not_allowed"


def test_a_key_that_the_token_brings_along_is_not_used(keys: Keys) -> None:
    own = own_key("ES256", generate_private_key(SECP256R1()))
    assert reason(jose.sign(CLAIMS, own, TYP), keys) == "key_unknown"


@pytest.mark.parametrize("missing", ["alg", "kid", "typ"])
def test_an_incomplete_header_is_refused(keys: Keys, missing: str) -> None:
    header = {name: value for name, value in header_of().items() if name != missing}
    assert reason(forged(header), keys) == "header_member_not_allowed"


@pytest.mark.parametrize("kid", ["", "../../keys/rs256.pem", "' OR 1=1 --", "x" * 5000, "\x00"])
def test_a_kid_is_only_a_name(keys: Keys, kid: str) -> None:
    assert reason(forged(header_of(kid=kid)), keys) in {"key_unknown", "header_malformed", "token_too_long"}


@pytest.mark.parametrize(
    "header", [[], "RS256", 1, None, header_of(kid=1), header_of(typ=None), header_of() | {"alg": ["RS256"]}]
)
def test_a_header_of_another_shape_is_refused(keys: Keys, header: Any) -> None:
    assert reason(forged(header), keys) == "header_malformed"


@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt", "Application/at+jwt"])
def test_a_type_may_be_written_with_its_prefix(keys: Keys, typ: str) -> None:
    assert check(forged(header_of(typ=typ)), keys) == CLAIMS


@pytest.mark.parametrize("typ", ["JWT", "jwt", "", "dpop+jwt", "logout+jwt", "application/application/at+jwt"])
def test_a_token_of_another_type_is_refused(keys: Keys, typ: str) -> None:
    assert reason(forged(header_of(typ=typ)), keys) == "type_not_allowed"


def test_an_id_token_is_no_access_token_and_the_other_way_round(keys: Keys) -> None:
    assert reason(jose.sign(CLAIMS, signing("ES256"), "JWT"), keys) == "type_not_allowed"
    assert reason(jose.sign(CLAIMS, signing("ES256"), TYP), keys, typ="jwt") == "type_not_allowed"
    assert check(jose.sign(CLAIMS, signing("ES256"), "JWT"), keys, typ="JWT") == CLAIMS


def test_a_token_over_the_limit_is_refused_with_the_limit_named(keys: Keys) -> None:
    token = jose.sign({"pad": "x" * 8192}, signing("ES256"), TYP)
    with pytest.raises(InvalidToken, match="token_too_long") as refused:
        check(token, keys)
    assert "8192" in refused.value.description


@pytest.mark.parametrize(
    "token", ["", ".", "..", "...", "a.b", "a.b.c.d", "a.b.c.d.e", "é.é.é", "{}.{}.{}", "\ud800.a.b"]
)
def test_garbage_is_refused(keys: Keys, token: str) -> None:
    assert reason(token, keys) in {"token_malformed", "header_malformed"}


@pytest.mark.parametrize("change", ["{}=", "{}==", "{} ", "{}\n", " {}", "{}\t", "{}+"])
def test_another_spelling_of_a_signature_is_refused(keys: Keys, change: str) -> None:
    head, _, signature = jose.sign(CLAIMS, signing("RS256"), TYP).rpartition(".")
    assert reason(f"{head}.{change.format(signature)}", keys) == "token_malformed"


def test_unused_bits_of_the_last_character_are_not_ignored(keys: Keys) -> None:
    token = jose.sign(CLAIMS, signing("RS256"), TYP)  # 256 bytes leave four unused bits
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    others = [token[:-1] + char for char in alphabet if char != token[-1]]
    assert {reason(other, keys) for other in others} <= {"token_malformed", "signature_wrong"}


@pytest.mark.parametrize("payload", [[], "text", 1, None])
def test_claims_are_an_object(keys: Keys, payload: Any) -> None:
    assert reason(forged(header_of(), claims=payload), keys) == "payload_malformed"


def test_a_payload_that_is_no_json_is_refused(keys: Keys) -> None:
    text = f"{encode(json.dumps(header_of('ES256')).encode())}.{encode(b'not json')}"
    token = f"{text}.{encode(jose._SIGNERS['ES256'](signing('ES256').private, text.encode()))}"
    assert reason(token, keys) == "payload_malformed"


@pytest.mark.parametrize("length", [0, 63, 65, 128])
def test_an_ecdsa_signature_has_one_length(keys: Keys, length: int) -> None:
    head = jose.sign(CLAIMS, signing("ES256"), TYP).rpartition(".")[0]
    assert reason(f"{head}.{encode(b'x' * length)}", keys) == "signature_wrong"


def test_an_ecdsa_signature_of_zeros_is_refused(keys: Keys) -> None:
    head = jose.sign(CLAIMS, signing("ES256"), TYP).rpartition(".")[0]
    assert reason(f"{head}.{encode(bytes(64))}", keys) == "signature_wrong"


def test_a_signature_is_checked_once(keys: Keys, signatures: SignatureCache, monkeypatch: pytest.MonkeyPatch) -> None:
    token = jose.sign(CLAIMS, signing("RS256"), TYP)
    assert check(token, keys) == CLAIMS
    monkeypatch.setattr(jose, "_VERIFIERS", {})
    assert check(token, keys) == CLAIMS
    assert (signatures.hits, signatures.misses) == (1, 1)


def test_a_remembered_token_is_a_fresh_value_each_time(keys: Keys) -> None:
    token = jose.sign(CLAIMS, signing("RS256"), TYP)
    check(token, keys)["amr"].append("mfa")
    assert check(token, keys) == CLAIMS


def test_a_remembered_token_still_answers_for_type_and_algorithm(keys: Keys) -> None:
    token = jose.sign(CLAIMS, signing("RS256"), TYP)
    check(token, keys)
    assert reason(token, keys, typ="JWT") == "type_not_allowed"
    assert reason(token, keys, algorithms=("ES256",)) == "algorithm_not_allowed"


def test_a_remembered_token_dies_with_its_key(keys: Keys) -> None:
    token = jose.sign(CLAIMS, signing("RS256"), TYP)
    check(token, keys)
    del keys.keys[signing("RS256").kid]
    assert reason(token, keys) == "key_unknown"


def test_a_remembered_token_is_checked_again_under_another_key_of_the_same_name(keys: Keys) -> None:
    token = jose.sign(CLAIMS, signing("ES256"), TYP)
    check(token, keys)
    other = Keys([own_key("ES256", generate_private_key(SECP256R1()))])
    other.keys = {signing("ES256").kid: next(iter(other.keys.values()))}
    assert reason(token, other) == "signature_wrong"


def test_a_refused_token_is_not_remembered(keys: Keys, signatures: SignatureCache) -> None:
    reason(jose.sign(CLAIMS, signing("RS256"), TYP)[:-4] + "AAAA", keys)
    assert len(signatures) == 0


def test_what_is_remembered_holds_no_token(keys: Keys, signatures: SignatureCache) -> None:
    token = jose.sign(CLAIMS, signing("RS256"), TYP)
    check(token, keys)
    assert list(signatures._young) == [hashlib.sha256(token.encode()).digest()]
    assert token.rpartition(".")[2] not in repr(signatures._young)


def test_the_refusal_tells_the_requester_nothing_private(keys: Keys) -> None:
    with pytest.raises(InvalidToken) as refused:
        check(jose.sign(CLAIMS, signing("RS256"), "JWT"), keys)
    assert refused.value.description == "the token is not valid"
