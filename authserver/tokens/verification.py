"""The one answer to "what does this access token say?", for this server, for gateways and for resource servers.

It needs no database: signature, type, algorithm, times, issuer and audience
follow from the token and the key set. Whether token, grant, session, user and
client still live is asked separately: here of `issuing`, elsewhere by
introspection (RFC 7662).

    keys = PublishedKeys.parse(jwks_body)
    token = verify_access_token(bearer, keys, "https://id.example", "https://api.example")
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, TypeGuard

from authserver.protocol import validity
from authserver.protocol.errors import InvalidToken
from authserver.signing.keys import ALGORITHMS
from authserver.tokens import access_tokens, jose

CLOCK_SKEW_SECONDS: Final = 60
"""How far ahead `iat` and `nbf` may lie. `exp` gets none: these are our own tokens, and they die when they say."""

_TEXTS: Final = ("iss", "sub", "jti", "client_id")


@dataclass(frozen=True, slots=True)
class AccessToken:
    """An access token whose bytes are good. Times are seconds since 1970."""

    subject: str
    client_id: str
    audience: tuple[str, ...]
    scopes: frozenset[str]
    token_id: str
    issued_at: int
    expires_at: int
    grant_id: str | None = None
    sid: str | None = None
    auth_time: int | None = None
    acr: str = ""
    amr: tuple[str, ...] = ()
    cnf: Mapping[str, Any] | None = None
    claims: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), repr=False)


def verify_access_token(
    token: str,
    keys: jose.KeySource,
    issuer: str,
    audience: str | None,
    *,
    algorithms: Collection[str] = ALGORITHMS,
) -> AccessToken:
    """The access token that `token` is.

    Args:
        token: the compact form, as it came in the request.
        keys: the keyring, or the published key set.
        issuer: the only issuer accepted.
        audience: who is asking, which the token must be for; None where the caller compares audiences itself.
        algorithms: what is accepted.

    Raises:
        InvalidToken: `reason` says why; what the requester may know is in `description`.
    """
    claims = jose.verify(token, keys, algorithms=algorithms, typ=access_tokens.TYPE)
    check_form(claims)
    check_times(claims)
    if claims["iss"] != issuer:
        raise _refusal("issuer_wrong", "the token was issued elsewhere", "RFC 9068 §4")
    found = _access_token(claims)
    if audience is not None and audience not in found.audience:
        raise _refusal("audience_wrong", "the token is for another audience", "RFC 9068 §4")
    return found


def check_form(claims: Mapping[str, Any]) -> None:
    """Refuse claims that lack what RFC 9068 §2.2 requires, or have it in another type.

    Raises:
        InvalidToken: with the reason `claim_missing`.
    """
    complete = _is_number(claims.get("exp")) and _is_number(claims.get("iat")) and _is_audience(claims.get("aud"))
    for name in _TEXTS:
        value = claims.get(name)
        complete = complete and isinstance(value, str) and value != ""
    if not complete:
        raise _refusal("claim_missing", "the token is not valid", "RFC 9068 §2.2")


def check_times(claims: Mapping[str, Any]) -> None:
    """Refuse what has expired or is not valid yet (RFC 7519 §4.1.4 to §4.1.6).

    Raises:
        InvalidToken: with the reason `token_expired` or `token_not_yet_valid`.
    """
    now = validity.timestamp()
    expires_at = claims.get("exp")
    if not _is_number(expires_at) or now >= expires_at:
        raise _refusal("token_expired", "the token has expired", "RFC 7519 §4.1.4")
    for name in ("nbf", "iat"):
        moment = claims.get(name)
        if moment is not None and (not _is_number(moment) or moment > now + CLOCK_SKEW_SECONDS):
            raise _refusal("token_not_yet_valid", "the token is not valid yet", "RFC 7519 §4.1.5")


def _access_token(claims: dict[str, Any]) -> AccessToken:
    audience = claims["aud"]
    return AccessToken(
        subject=claims["sub"],
        client_id=claims["client_id"],
        audience=(audience,) if isinstance(audience, str) else tuple(audience),
        scopes=frozenset(str(claims.get("scope", "")).split()),
        token_id=claims["jti"],
        issued_at=claims["iat"],
        expires_at=claims["exp"],
        grant_id=claims.get(access_tokens.GRANT_CLAIM),
        sid=claims.get("sid"),
        auth_time=claims.get("auth_time"),
        acr=claims.get("acr", ""),
        amr=tuple(claims.get("amr", ())),
        cnf=claims.get("cnf"),
        claims=MappingProxyType(claims),
    )


def _is_number(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_audience(value: object) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(item, str) and item for item in value)
    return isinstance(value, str) and bool(value)


def _refusal(reason: str, description: str, spec: str) -> InvalidToken:
    return InvalidToken(description, reason=reason, spec=spec)
