"""What an access token says: the JWT profile of RFC 9068.

Builders are pure: the same arguments give the same claims. An opaque access
token has the same claims, kept with its row instead of signed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

TYPE: Final = "at+jwt"
"""The `typ` of an access token (RFC 9068 §2.1), which no other token of this server has."""

GRANT_CLAIM: Final = "grant_id"
"""Our private claim: the grant that the token hangs on, by which revocation finds it."""

LINEAGE_CLAIM: Final = "exchanged_from"
"""Our private claim of an exchanged token: the clients through whose tokens it came, the grant's own first."""

PERSONAL_CLAIMS: Final[Mapping[str, str]] = MappingProxyType(
    {"email": "email", "username": "profile", "roles": "roles", "org": "org"}
)
"""Claims about the person that an access token may carry, and the scope that releases each."""


def build(
    *,
    issuer: str,
    subject: str,
    audience: Sequence[str],
    client_id: str,
    scopes: Collection[str],
    jti: str,
    issued_at: int,
    expires_in: int,
    grant_id: str | None = None,
    sid: str | None = None,
    auth_time: int | None = None,
    acr: str = "",
    amr: Sequence[str] = (),
    cnf: Mapping[str, Any] | None = None,
    user_claims: Mapping[str, Any] = MappingProxyType({}),
    authorization_details: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """The claims of an access token (RFC 9068 §2.2). Members that have no value are left out.

    Args:
        issuer: the issuer identifier.
        subject: the user's id or pairwise id, or the client's id where it acts for itself.
        audience: whom it is for; one value stands alone, several in a list (RFC 7519 §4.1.3).
        client_id: whom it was issued to.
        scopes, jti: what it may do, and its own id.
        issued_at, expires_in: seconds since 1970, and seconds of life from then on.
        grant_id, sid: the grant it hangs on, and the session as this client sees it.
        auth_time: when the person authenticated, seconds since 1970.
        acr, amr: how strongly, or an empty string, and by which methods (RFC 8176).
        cnf: the key that the presenter must prove (RFC 7800 §3.1).
        user_claims: what `released` let through; never replaces a claim of the protocol.
        authorization_details: what it may do in detail (RFC 9396 §9.1).

    Raises:
        ValueError: no audience; such a token would be good everywhere.
    """
    if not audience:
        raise ValueError("an access token names its audience")
    own: dict[str, Any] = {
        "iss": issuer,
        "sub": subject,
        "aud": audience[0] if len(audience) == 1 else list(audience),
        "exp": issued_at + expires_in,
        "iat": issued_at,
        "jti": jti,
        "client_id": client_id,
    }
    optional: dict[str, Any] = {
        "scope": " ".join(sorted(scopes)),
        GRANT_CLAIM: grant_id,
        "sid": sid,
        "auth_time": auth_time,
        "acr": acr,
        "amr": list(amr),
        "cnf": dict(cnf) if cnf else None,
        "authorization_details": [dict(detail) for detail in authorization_details],
    }
    return _joined(user_claims, own, optional)


def _joined(user_claims: Mapping[str, Any], own: dict[str, Any], optional: dict[str, Any]) -> dict[str, Any]:
    """Everything that has a value; a person's claims supply no member of the protocol, present or not."""
    personal = {name: value for name, value in user_claims.items() if name not in own and name not in optional}
    return personal | own | {name: value for name, value in optional.items() if value or value == 0}


def of_exchange(act: Mapping[str, Any] | None, lineage: Sequence[str]) -> dict[str, Any]:
    """What an exchanged token says besides: who acts for the subject (RFC 8693 §4.1), and whose tokens it came from."""
    members = {"act": dict(act) if act else None, LINEAGE_CLAIM: list(lineage)}
    return {name: value for name, value in members.items() if value}


def released(
    person: Mapping[str, Any], scopes: Collection[str], *, first_party: bool, pairwise: bool
) -> dict[str, Any]:
    """What of a person's `email`, `username`, `roles` and `org` goes into an access token.

    Only what a granted scope names, or everything for the operator's own clients;
    nothing where the client knows the person by a pairwise subject, because an
    address or a name would undo it.
    """
    if pairwise:
        return {}
    return {
        claim: person[claim]
        for claim, scope in PERSONAL_CLAIMS.items()
        if person.get(claim) and (first_party or scope in scopes)
    }
