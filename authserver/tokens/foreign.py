"""JSON Web Tokens that somebody else signed: client assertions, request objects, DPoP proofs, software statements.

The algorithms are the caller's and the keys are the signer's registered ones;
nothing in the token chooses either (RFC 8725 §3). Times, audience and the like
are the caller's to check, because every kind of token has rules of its own.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, cast

import orjson

from authserver.protocol.algorithms import SHORTEST_MAC_KEY
from authserver.protocol.errors import InvalidToken
from authserver.signing.keys import UnsuitableKey, VerificationKey, verification_key
from authserver.tokens import jose

MAX_LENGTH: Final = 16_384
"""Characters of the longest token looked at; a request object carries more than a token of ours."""

REMOTE_KEYS: Final = frozenset({"jku", "x5u", "jwk", "crit"})
"""Header members that would let a token choose its key or its rules (RFC 8725 §3.10, RFC 7515 §4.1.11)."""

MAC_HASHES: Final[Mapping[str, str]] = MappingProxyType({"HS256": "sha256"})

_KEY_TYPES: Final[Mapping[str, tuple[str, str | None]]] = MappingProxyType(
    {"RS256": ("RSA", None), "PS256": ("RSA", None), "ES256": ("EC", "P-256"), "EdDSA": ("OKP", "Ed25519")}
)


@dataclass(frozen=True, slots=True)
class Foreign:
    """A token that was taken apart and proves nothing yet. `typ` is the media type in lower case, or empty."""

    alg: str
    kid: str | None
    typ: str
    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signing_input: bytes
    signature: bytes


def parse(token: str, *, allowed_members: Collection[str] = ()) -> Foreign:
    """Take a compact JWS apart.

    Args:
        allowed_members: members of `REMOTE_KEYS` that this kind of token defines, `jwk` for a DPoP proof.

    Raises:
        InvalidToken: too long, malformed, or its header has a member that chooses key or rules; `reason` says which.
    """
    if len(token) > MAX_LENGTH:
        raise refusal("token_too_long", f"the token is longer than {MAX_LENGTH} characters")
    if not token.isascii():
        raise refusal("token_malformed")
    first, second, third = jose.segments(token)
    header = _header(jose.decode_segment(first), frozenset(allowed_members))
    return Foreign(
        alg=header["alg"],
        kid=header.get("kid"),
        typ=jose.media_type(header.get("typ", "")),
        header=header,
        claims=jose.read_claims(jose.decode_segment(second)),
        signing_input=token[: len(first) + 1 + len(second)].encode("ascii"),
        signature=jose.decode_segment(third),
    )


def verify(token: Foreign, keys: Sequence[Mapping[str, Any]], algorithms: Collection[str]) -> Mapping[str, Any]:
    """The claims of a token that one of `keys` signed.

    Args:
        keys: public JWKs of the signer; with a `kid` in the token only the key of that name counts.
        algorithms: what this purpose accepts.

    Raises:
        InvalidToken: the algorithm is not accepted, no key fits, or the signature is wrong.
    """
    if token.alg not in algorithms or token.alg not in _KEY_TYPES:
        raise refusal("algorithm_not_allowed")
    fitting = [key for jwk in keys if (key := _usable(jwk, token)) is not None]
    if not fitting:
        raise refusal("key_unknown")
    for key in fitting:
        try:
            jose.check_signature(key, token.signature, token.signing_input)
        except InvalidToken:
            continue
        return token.claims
    raise refusal("signature_wrong")


def verify_mac(token: Foreign, secret: bytes, algorithms: Collection[str]) -> Mapping[str, Any]:
    """The claims of a token that was authenticated with a shared secret.

    Raises:
        InvalidToken: the algorithm is not accepted, the secret is too short for it, or the tag is wrong.
    """
    if token.alg not in algorithms or token.alg not in MAC_HASHES:
        raise refusal("algorithm_not_allowed")
    if len(secret) < SHORTEST_MAC_KEY:
        raise refusal("secret_too_short")
    expected = hmac.digest(secret, token.signing_input, MAC_HASHES[token.alg])
    if not hmac.compare_digest(expected, token.signature):
        raise refusal("signature_wrong")
    return token.claims


def public_key(jwk: Mapping[str, Any], alg: str) -> VerificationKey:
    """The public key of a JWK, to be used with `alg` alone.

    Raises:
        InvalidToken: its material is not of that algorithm, too weak, or cannot be read.
    """
    names = ("kty", "crv", "n", "e", "x", "y")
    material = tuple((name, str(jwk[name])) for name in names if isinstance(jwk.get(name), str))
    try:
        return _imported(alg, str(jwk.get("kid") or ""), material)
    except UnsuitableKey as error:
        raise refusal("key_unsuitable") from error


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """The JWK SHA-256 thumbprint (RFC 7638 §3).

    Raises:
        InvalidToken: the key has not the members of its type.
    """
    names = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}
    required = names.get(str(jwk.get("kty")), ())
    if not required or not all(isinstance(jwk.get(name), str) for name in required):
        raise refusal("key_unsuitable")
    canonical = orjson.dumps({name: jwk[name] for name in required}, option=orjson.OPT_SORT_KEYS)
    return jose.encode_segment(hashlib.sha256(canonical).digest())


def refusal(reason: str, description: str = "the token is not valid") -> InvalidToken:
    """The one refusal of this module; `reason` is a stable word."""
    return InvalidToken(description, reason=reason, spec="RFC 8725 §3")


def _header(data: bytes, allowed: frozenset[str]) -> dict[str, Any]:
    try:
        header = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise refusal("header_malformed") from error
    if not isinstance(header, dict) or not isinstance(header.get("alg"), str):
        raise refusal("header_malformed")
    if REMOTE_KEYS.intersection(header) - allowed:
        raise refusal("header_member_not_allowed")
    if any(not isinstance(header[name], str) for name in ("kid", "typ") if name in header):
        raise refusal("header_malformed")
    return cast("dict[str, Any]", header)


def _usable(jwk: Mapping[str, Any], token: Foreign) -> VerificationKey | None:
    """The key, if it may have signed `token`: its type, use, algorithm and name fit (RFC 7517 §4)."""
    kty, crv = _KEY_TYPES[token.alg]
    if jwk.get("kty") != kty or (crv is not None and jwk.get("crv") != crv):
        return None
    if jwk.get("use", "sig") != "sig" or jwk.get("alg", token.alg) != token.alg:
        return None
    if token.kid is not None and jwk.get("kid") != token.kid:
        return None
    try:
        return public_key(jwk, token.alg)
    except InvalidToken:
        return None


@lru_cache(maxsize=1024)
def _imported(alg: str, kid: str, material: tuple[tuple[str, str], ...]) -> VerificationKey:
    return verification_key({**dict(material), "alg": alg, "kid": kid})
