"""What a logout token says (OpenID Connect Back-Channel Logout §2.4)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

TYPE: Final = "logout+jwt"
EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"

LIFETIME_SECONDS: Final = 120
"""Two minutes, which is the most that Back-Channel Logout §2.4 recommends; each attempt makes a token of its own."""

_EVENTS: Final[Mapping[str, Any]] = MappingProxyType({EVENT: {}})


def build(
    *, issuer: str, client_id: str, sid: str, jti: str, issued_at: int, subject: str | None = None
) -> dict[str, Any]:
    """The claims of a logout token. There is never a nonce: one would let it pass for an ID token.

    Args:
        issuer: the issuer identifier.
        client_id: whom it is for.
        sid: the session that has ended, as this client's ID tokens name it.
        jti: of this token alone.
        issued_at: seconds since 1970.
        subject: the person as this client's ID tokens name them.
    """
    claims: dict[str, Any] = {
        "iss": issuer,
        "aud": client_id,
        "iat": issued_at,
        "exp": issued_at + LIFETIME_SECONDS,
        "jti": jti,
        "sid": sid,
        "events": dict(_EVENTS),
    }
    return claims if subject is None else {**claims, "sub": subject}
