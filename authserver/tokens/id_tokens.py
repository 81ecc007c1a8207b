"""What an ID token says (OpenID Connect Core §2), and reading one that comes back as a hint."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from authserver.crypto.derivation import encode
from authserver.protocol.algorithms import NONE
from authserver.protocol.errors import InvalidToken
from authserver.signing.keys import ALGORITHMS
from authserver.tokens import jose

TYPE: Final = "JWT"

"""Our private claim, the same as that of access tokens."""

_HASHES: Final[Mapping[str, str]] = MappingProxyType(
    # Ed25519 is defined with SHA-512 (RFC 8032 §5.1); the others name their hash.
    {"RS256": "sha256", "PS256": "sha256", "ES256": "sha256", "EdDSA": "sha512", "HS256": "sha256"}
)


@dataclass(frozen=True, slots=True)
class Hint:
    """What an ID token that came back says: about whom, issued to which client, in which session of that client."""

    subject: str
    client_id: str
    sid: str | None


def build(
    *,
    issuer: str,
    subject: str,
    client_id: str,
    issued_at: int,
    expires_in: int,
    algorithm: str,
    auth_time: int | None = None,
    nonce: str | None = None,
    acr: str = "",
    amr: Sequence[str] = (),
    sid: str | None = None,
    access_token: str | None = None,
    code: str | None = None,
    state: str | None = None,
    other_audiences: Sequence[str] = (),
    jti: str | None = None,
    user_claims: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:
    """The claims of an ID token. Members that have no value are left out.

    Args:
        issuer: the issuer identifier.
        subject: the user's id, or the pairwise id for this client.
        client_id: whom it is for.
        issued_at: seconds since 1970.
        expires_in: seconds of life.
        algorithm: what it will be signed with, which decides the hash of `at_hash` and `c_hash`; `none` has neither.
        auth_time: when the person authenticated, seconds since 1970.
        nonce: the request's nonce, unchanged.
        acr, amr: how strongly the person authenticated, or an empty string, and by which methods (RFC 8176).
        sid: the session as this client sees it.
        access_token, code: what it travels with and vouches for.
        state: the request's state, whose hash makes the ID token a signature of the answer (FAPI 1.0 Advanced §5.1.1).
        jti: its own id, as `name` makes it.
        other_audiences: further audiences; then `azp` names the client (OpenID Connect Core §2).
        user_claims: claims about the person; they never replace a claim of the protocol.
    """
    claims: dict[str, Any] = {
        "iss": issuer,
        "sub": subject,
        "aud": [client_id, *other_audiences] if other_audiences else client_id,
        "exp": issued_at + expires_in,
        "iat": issued_at,
    }
    optional: dict[str, Any] = {
        "azp": client_id if other_audiences else None,
        "auth_time": auth_time,
        "nonce": nonce,
        "acr": acr or None,
        "amr": list(amr) or None,
        "sid": sid,
        "jti": jti,
        "at_hash": _hash_of(access_token, algorithm),
        "c_hash": _hash_of(code, algorithm),
        "s_hash": _hash_of(state, algorithm),
    }
    personal = {name: value for name, value in user_claims.items() if name not in claims and name not in optional}
    return personal | claims | {name: value for name, value in optional.items() if value is not None}


def _hash_of(value: str | None, algorithm: str) -> str | None:
    """Left out where no signature would vouch for it."""
    return left_half_hash(value, algorithm) if value and algorithm != NONE else None


def name(grant_id: str | None, token_id: str) -> str | None:
    """The `jti` of an ID token: the grant it was issued on, and what sets it apart from the grant's others."""
    return f"{grant_id}.{token_id}" if grant_id is not None else None


def grant_of(claims: Mapping[str, Any]) -> str | None:
    """The grant that an ID token was issued on, by which an exchange knows whether that lives (RFC 8693)."""
    jti = claims.get("jti")
    return jti.partition(".")[0] if isinstance(jti, str) and "." in jti else None


def left_half_hash(value: str, algorithm: str) -> str:
    """`at_hash`, `c_hash` or `s_hash` of a value: the left half of its hash (OpenID Connect Core §3.1.3.6, §3.3.2.11).

    Raises:
        KeyError: this server does not sign with `algorithm`.
    """
    digest = hashlib.new(_HASHES[algorithm], value.encode()).digest()
    return encode(digest[: len(digest) // 2])


def read_hint(hint: str, keys: jose.KeySource, issuer: str) -> Hint:
    """What an `id_token_hint` says: an ID token of ours, whether or not it has expired.

    An expired hint still names the person it was issued for (OpenID Connect
    RP-Initiated Logout §2); it proves nothing else.

    Raises:
        InvalidToken: it is not an ID token that this issuer signed; `reason` says why.
    """
    return hint_of(jose.verify(hint, keys, algorithms=ALGORITHMS, typ=TYPE), issuer)


def hint_of(claims: Mapping[str, Any], issuer: str) -> Hint:
    """As `read_hint`, of claims whose signature was checked. Raises InvalidToken."""
    if claims.get("iss") != issuer:
        raise InvalidToken("the hint was issued elsewhere", reason="issuer_wrong", spec="OIDC Core §2")
    audience = claims.get("azp") or claims.get("aud")
    # Every ID token expires; another JWT for the same client, signed UserInfo, does not and is no hint.
    complete = isinstance(claims.get("sub"), str) and isinstance(claims.get("exp"), int)
    if not complete or not isinstance(audience, str):
        raise InvalidToken("the hint names no subject or no client", reason="claim_missing", spec="OIDC Core §2")
    return Hint(claims["sub"], audience, claims.get("sid"))
