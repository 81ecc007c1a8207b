"""A presented token, of whichever form: what it says, and whether it is live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from authserver.crypto.handles import Handles, Kind
from authserver.issuing.liveness import why_dead
from authserver.protocol import validity
from authserver.protocol.errors import InvalidToken
from authserver.signing.keyring import Keyring
from authserver.storage.models.grants import RefreshToken
from authserver.storage.repositories.liveness import Standing
from authserver.storage.unit import Unit
from authserver.tokens import access_tokens, jose

TokenKind = Literal["access_token", "refresh_token"]


@dataclass(frozen=True, slots=True)
class ReadToken:
    """A token of ours. `dead` is the stable word for why it is worth nothing, or None when it lives."""

    kind: TokenKind
    claims: Mapping[str, Any]
    client_id: str
    grant_id: str | None
    dead: str | None
    standing: Standing | None = None
    digest: bytes | None = None
    refresh_row: RefreshToken | None = None

    @property
    def is_live(self) -> bool:
        """Whether the token may be used."""
        return self.dead is None

    @property
    def audience(self) -> tuple[str, ...]:
        """Whom an access token is for."""
        value = self.claims.get("aud", ())
        return (value,) if isinstance(value, str) else tuple(value)

    @property
    def scopes(self) -> frozenset[str]:
        """What it may do."""
        return frozenset(str(self.claims.get("scope", "")).split())


class TokenReader:
    """Reads tokens. Signatures may come from a cache; whether the token is live is asked of the database each time."""

    def __init__(self, issuer: str, keyring: Keyring, handles: Handles) -> None:
        self._issuer = issuer
        self._keyring = keyring
        self._handles = handles

    def parse(self, value: str) -> Mapping[str, Any] | None:
        """The claims of a self-contained access token whose bytes are good, without asking the database."""
        if value.count(".") != 2:
            return None
        try:
            claims = jose.verify(value, self._keyring, algorithms=self._keyring.algorithms(), typ=access_tokens.TYPE)
        except InvalidToken:
            return None
        return claims if claims.get("iss") == self._issuer else None

    def is_ours(self, value: str) -> bool:
        """Whether the bytes alone could be a token of ours; garbage is refused without a query."""
        if self.parse(value) is not None:
            return True
        kinds = (Kind.ACCESS_TOKEN, Kind.REFRESH_TOKEN)
        return any(self._handles.digest(kind, value) is not None for kind in kinds)

    def read(self, unit: Unit, value: str) -> ReadToken | None:
        """The token, live or dead, or None when it was never ours."""
        claims = self.parse(value)
        if claims is not None:
            return self._self_contained(unit, claims)
        return self._opaque(unit, value) or self._refresh(unit, value)

    def read_access_token(self, unit: Unit, value: str) -> ReadToken | None:
        """As `read`, for places where a refresh token is nothing."""
        claims = self.parse(value)
        return self._self_contained(unit, claims) if claims is not None else self._opaque(unit, value)

    def _self_contained(self, unit: Unit, claims: Mapping[str, Any], digest: bytes | None = None) -> ReadToken:
        client_id, grant_id = str(claims["client_id"]), claims.get("grant_id")
        standing = unit.liveness.read(client_id, grant_id, str(claims["jti"]))
        dead = "token_expired" if claims["exp"] <= validity.timestamp() else None
        dead = dead or why_dead(standing, grant_id=grant_id, in_session="sid" in claims)
        return ReadToken("access_token", claims, client_id, grant_id, dead, standing, digest)

    def _opaque(self, unit: Unit, value: str) -> ReadToken | None:
        digest = self._handles.digest(Kind.ACCESS_TOKEN, value)
        row = unit.access_tokens.find(digest) if digest is not None else None
        if row is None:
            return None
        token = self._self_contained(unit, row.claims, row.digest)
        if row.revoked_at is None:
            return token
        return ReadToken("access_token", token.claims, token.client_id, token.grant_id, "token_revoked", None, digest)

    def _refresh(self, unit: Unit, value: str) -> ReadToken | None:
        digest = self._handles.digest(Kind.REFRESH_TOKEN, value)
        row = unit.refresh_tokens.find(digest) if digest is not None else None
        if row is None:
            return None
        standing = unit.liveness.read(row.client_id, row.grant_id, None)
        dead = _why_refresh_dead(row) or why_dead(standing, grant_id=row.grant_id, in_session=False)
        claims = {
            "iss": self._issuer,
            "sub": row.user_id or row.client_id,
            "client_id": row.client_id,
            "scope": row.scope,
            "iat": validity.epoch(row.issued_at),
            "exp": validity.epoch(min(row.expires_at, row.family_expires_at)),
            "jti": row.id,
        }
        return ReadToken("refresh_token", claims, row.client_id, row.grant_id, dead, standing, digest, row)


def _why_refresh_dead(row: RefreshToken) -> str | None:
    if row.revoked_at is not None:
        return "family_revoked"
    if row.consumed_at is not None:
        return "refresh_token_used"
    return "refresh_token_expired" if row.is_expired or validity.is_past(row.family_expires_at) else None
