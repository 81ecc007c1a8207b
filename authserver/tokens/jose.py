"""JSON Web Tokens of this server: signing and verifying the compact form (RFC 7515 §7.1).

The only wrapper of JOSE in the project. Its own tokens are signed with the
primitives of `cryptography` directly: a general JOSE library costs 60 to 100 µs
a token beside a signature of 15 µs (ES256), mostly in a header that never
changes; here the header is made once for each key and type.

Verification pins everything (RFC 8725 §3): the algorithms are named by the
caller, the algorithm must be the one the key was published for, the key comes
from the key source by `kid` and never from the token, the header holds `alg`,
`kid` and `typ` and nothing else, and only canonical base64url passes.
"""

from __future__ import annotations

import binascii
import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Protocol, cast

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from authserver.protocol.errors import InvalidToken
from authserver.signing.keys import SigningKey, VerificationKey
from authserver.tokens.signature_cache import Checked, SignatureCache

MAX_TOKEN_LENGTH: Final = 8192
"""Characters of the longest token looked at. What this server issues stays far below it."""
HEADER_MEMBERS: Final = frozenset({"alg", "kid", "typ"})
COORDINATE_BYTES: Final = 32

_SHA256: Final = SHA256()
_ECDSA: Final = ECDSA(_SHA256)
_PKCS1: Final = PKCS1v15()
_PSS: Final = PSS(MGF1(_SHA256), _SHA256.digest_size)

signatures: Final = SignatureCache()
"""The signatures this process has checked."""


class KeySource(Protocol):
    """Where public keys come from: the keyring, or a published key set."""

    def find(self, kid: str) -> VerificationKey | None:
        """The key with this name that may still be used for verification."""
        ...


@dataclass(frozen=True, slots=True)
class _Header:
    alg: str
    kid: str
    typ: str


def sign(claims: Mapping[str, Any], key: SigningKey, typ: str) -> str:
    """A signed token in compact form.

    Args:
        claims: the payload; times are whole seconds.
        key: the key, and with it the algorithm.
        typ: the media type without `application/` (RFC 8725 §3.11), `at+jwt` for example.
    """
    signing_input = _header_segment(key.alg, key.kid, typ) + urlsafe_b64encode(orjson.dumps(claims)).rstrip(b"=")
    signature = urlsafe_b64encode(_SIGNERS[key.alg](key.private, signing_input)).rstrip(b"=")
    return (signing_input + b"." + signature).decode("ascii")


def verify(token: str, keys: KeySource, *, algorithms: Collection[str], typ: str) -> dict[str, Any]:
    """The claims of a token whose signature, algorithm and type are right. Times and audience are not looked at.

    Args:
        token: the compact form.
        keys: where the key named by `kid` is found.
        algorithms: what this purpose accepts; never taken from the token.
        typ: the only acceptable type; `application/` before it is the same type (RFC 7515 §4.1.9).

    Raises:
        InvalidToken: for anything else; `reason` is a stable word.
    """
    if len(token) > MAX_TOKEN_LENGTH:
        raise _refusal("token_too_long", f"the token is longer than {MAX_TOKEN_LENGTH} characters")
    if not token.isascii():
        raise _refusal("token_malformed")
    digest = hashlib.sha256(token.encode("ascii")).digest()
    checked = signatures.find(digest)
    if checked is None or keys.find(checked.key.kid) != checked.key:
        checked = _check(token, keys, algorithms)
        signatures.remember(digest, checked)
    if checked.alg not in algorithms:
        raise _refusal("algorithm_not_allowed")
    if checked.typ != media_type(typ):
        raise _refusal("type_not_allowed")
    return read_claims(checked.payload)


def check_signature(key: VerificationKey, signature: bytes, signing_input: bytes) -> None:
    """Whether `key` made `signature`, with the one algorithm that it is for.

    Raises:
        InvalidToken: it did not.
    """
    try:
        _VERIFIERS[key.alg](key.public, signature, signing_input)
    except InvalidSignature as error:
        raise _refusal("signature_wrong") from error


def media_type(typ: str) -> str:
    """A `typ` without the prefix that RFC 7515 §4.1.9 lets senders leave out, in lower case."""
    return typ.lower().removeprefix("application/")


def _check(token: str, keys: KeySource, algorithms: Collection[str]) -> Checked:
    header_segment, payload_segment, signature_segment = segments(token)
    header = _header(header_segment)
    if header.alg not in algorithms or header.alg not in _VERIFIERS:
        raise _refusal("algorithm_not_allowed")
    key = keys.find(header.kid)
    if key is None:
        raise _refusal("key_unknown")
    # The key says what it verifies; a token that says otherwise is an attempt at key confusion (RFC 8725 §2.1).
    if key.alg != header.alg:
        raise _refusal("algorithm_not_of_key")
    payload = decode_segment(payload_segment)
    signing_input = token[: len(header_segment) + 1 + len(payload_segment)].encode("ascii")
    check_signature(key, decode_segment(signature_segment), signing_input)
    return Checked(header.alg, media_type(header.typ), key, payload)


def segments(token: str) -> tuple[str, str, str]:
    """Header, payload and signature, still encoded. Raises InvalidToken."""
    parts = token.split(".", 3)
    if len(parts) != 3:
        raise _refusal("token_malformed")
    return parts[0], parts[1], parts[2]


@lru_cache(maxsize=64)
def _header(segment: str) -> _Header:
    """The header of a token. Only what this server writes is read; `jku`, `x5u`, `jwk`, `crit` and kin refuse it."""
    try:
        header = orjson.loads(decode_segment(segment))
    except orjson.JSONDecodeError as error:
        raise _refusal("header_malformed") from error
    if not isinstance(header, dict):
        raise _refusal("header_malformed")
    if header.keys() != HEADER_MEMBERS:
        raise _refusal("header_member_not_allowed")
    if not all(isinstance(value, str) for value in header.values()):
        raise _refusal("header_malformed")
    return _Header(header["alg"], header["kid"], header["typ"])


@lru_cache(maxsize=64)
def _header_segment(alg: str, kid: str, typ: str) -> bytes:
    header = orjson.dumps({"alg": alg, "kid": kid, "typ": typ})
    return urlsafe_b64encode(header).rstrip(b"=") + b"."


def encode_segment(data: bytes) -> str:
    """Base64url without padding (RFC 7515 §2)."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def read_claims(payload: bytes) -> dict[str, Any]:
    """The JSON object in a payload. Raises InvalidToken."""
    try:
        claims = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise _refusal("payload_malformed") from error
    if not isinstance(claims, dict):
        raise _refusal("payload_malformed")
    return cast("dict[str, Any]", claims)


def decode_segment(segment: str) -> bytes:
    """The bytes of a segment. A second spelling of the same bytes would be a second token with the same signature.

    Raises:
        InvalidToken: it is not canonical base64url.
    """
    encoded = segment.encode("ascii")
    try:
        data = urlsafe_b64decode(encoded + b"=" * (-len(encoded) % 4))
    except binascii.Error as error:
        raise _refusal("token_malformed") from error
    if urlsafe_b64encode(data).rstrip(b"=") != encoded:
        raise _refusal("token_malformed")
    return data


def _refusal(reason: str, description: str = "the token is not valid") -> InvalidToken:
    return InvalidToken(description, reason=reason, spec="RFC 8725 §3")


def _sign_es256(key: EllipticCurvePrivateKey, data: bytes) -> bytes:
    r, s = decode_dss_signature(key.sign(data, _ECDSA))
    return r.to_bytes(COORDINATE_BYTES, "big") + s.to_bytes(COORDINATE_BYTES, "big")


def _verify_es256(key: EllipticCurvePublicKey, signature: bytes, data: bytes) -> None:
    if len(signature) != 2 * COORDINATE_BYTES:
        raise InvalidSignature
    r, s = signature[:COORDINATE_BYTES], signature[COORDINATE_BYTES:]
    key.verify(encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big")), data, _ECDSA)


def _sign_rs256(key: RSAPrivateKey, data: bytes) -> bytes:
    return key.sign(data, _PKCS1, _SHA256)


def _verify_rs256(key: RSAPublicKey, signature: bytes, data: bytes) -> None:
    key.verify(signature, data, _PKCS1, _SHA256)


def _sign_ps256(key: RSAPrivateKey, data: bytes) -> bytes:
    return key.sign(data, _PSS, _SHA256)


def _verify_ps256(key: RSAPublicKey, signature: bytes, data: bytes) -> None:
    key.verify(signature, data, _PSS, _SHA256)


def _sign_eddsa(key: Ed25519PrivateKey, data: bytes) -> bytes:
    return key.sign(data)


def _verify_eddsa(key: Ed25519PublicKey, signature: bytes, data: bytes) -> None:
    key.verify(signature, data)


_SIGNERS: Final[Mapping[str, Callable[[Any, bytes], bytes]]] = {
    "RS256": _sign_rs256,
    "PS256": _sign_ps256,
    "ES256": _sign_es256,
    "EdDSA": _sign_eddsa,
}
_VERIFIERS: Final[Mapping[str, Callable[[Any, bytes, bytes], None]]] = {
    "RS256": _verify_rs256,
    "PS256": _verify_ps256,
    "ES256": _verify_es256,
    "EdDSA": _verify_eddsa,
}
