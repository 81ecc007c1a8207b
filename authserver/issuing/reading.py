"""A presented token, of whichever form: what it says, and whether it is live."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from authserver.crypto.handles import Handles, Kind
from authserver.issuing.liveness import why_dead
from authserver.protocol import validity
from authserver.protocol.errors import InvalidToken
from authserver.signing.keyring import Keyring
from authserver.signing.keys import ALGORITHMS
from authserver.storage.database import Database
from authserver.storage.models.grants import RefreshToken
from authserver.storage.repositories.liveness import Standing
from authserver.storage.unit import Unit
from authserver.tokens import access_tokens, id_tokens, jose

TokenKind = Literal["access_token", "refresh_token", "id_token"]


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
    def user_id(self) -> str | None:
        """The person behind it. `sub` may be what a pairwise client calls them, and is not asked."""
        return self.standing.user_id if self.standing is not None else None

    @property
    def audience(self) -> tuple[str, ...]:
        """Whom an access token is for."""
        value = self.claims.get("aud", ())
        return (value,) if isinstance(value, str) else tuple(value)

    @property
    def scopes(self) -> frozenset[str]:
        """What it may do."""
        return frozenset(str(self.claims.get("scope", "")).split())


class StandingSource(Protocol):
    """Where the standing of a token is read: in a transaction, or by a hot read outside of any."""

    def read(self, client_id: str, grant_id: str | None, jti: str | None) -> Standing | None:
        """What stands behind a token of this client."""
        ...


class TokenReader:
    """Reads tokens. Signatures may come from a cache; whether the token is live is asked of the database each time."""

    def __init__(self, issuer: str, keyring: Keyring, handles: Handles, database: Database) -> None:
        self._issuer = issuer
        self._keyring = keyring
        self._handles = handles
        self._database = database

    def parse(self, value: str) -> Mapping[str, Any] | None:
        """The claims of a self-contained access token whose bytes are good, without asking the database."""
        if value.count(".") != 2:
            return None
        try:
            claims = jose.verify(value, self._keyring, algorithms=ALGORITHMS, typ=access_tokens.TYPE)
        except InvalidToken:
            return None
        return claims if claims.get("iss") == self._issuer else None

    def look_up(self, value: str) -> ReadToken | None:
        """The token, live or dead, or None when it was never ours; garbage is refused without a query."""
        return self.look_up_access_token(value) or self._look_up_refresh_token(value)

    def look_up_access_token(self, value: str) -> ReadToken | None:
        """As `look_up`, for places where a refresh token is nothing."""
        claims = self.parse(value)
        if claims is not None:
            return self._self_contained(self._database.hot_reads, claims)
        if self._handles.digest(Kind.ACCESS_TOKEN, value) is None:
            return None
        with self._database.reading() as unit:
            return self._opaque(unit, value)

    def _look_up_refresh_token(self, value: str) -> ReadToken | None:
        if self._handles.digest(Kind.REFRESH_TOKEN, value) is None:
            return None
        with self._database.reading() as unit:
            return self._refresh(unit, value)

    def read(self, unit: Unit, value: str) -> ReadToken | None:
        """As `look_up`, as the caller's transaction sees it."""
        claims = self.parse(value)
        if claims is not None:
            return self._self_contained(unit.liveness, claims)
        return self._opaque(unit, value) or self._refresh(unit, value)

    def _self_contained(
        self, source: StandingSource, claims: Mapping[str, Any], digest: bytes | None = None
    ) -> ReadToken:
        client_id, grant_id = str(claims["client_id"]), claims.get("grant_id")
        # An exchanged token hangs on the grant of the client that the first token was issued to.
        lineage = claims.get(access_tokens.LINEAGE_CLAIM) or (client_id,)
        standing = source.read(lineage[0], grant_id, str(claims["jti"]))
        issued_at = int(claims.get("iat", 0))
        dead = "token_expired" if claims["exp"] <= validity.timestamp() else None
        dead = dead or why_dead(standing, grant_id=grant_id, in_session="sid" in claims, issued_at=issued_at)
        others = dict.fromkeys((*lineage[1:], client_id))
        dead = dead or _why_any_client_dead(source, [one for one in others if one != lineage[0]], issued_at)
        return ReadToken("access_token", claims, client_id, grant_id, dead, standing, digest)

    def read_id_token(self, unit: Unit, value: str) -> ReadToken | None:
        """An ID token that this server signed, or None; live while its grant is and its time lasts."""
        try:
            claims = jose.verify(value, self._keyring, algorithms=ALGORITHMS, typ=id_tokens.TYPE)
        except InvalidToken:
            return None
        client_id, grant_id = claims.get("azp") or claims.get("aud"), id_tokens.grant_of(claims)
        texts = (client_id, grant_id, claims.get("sub"))
        if claims.get("iss") != self._issuer or not all(isinstance(text, str) for text in texts):
            return None
        standing = unit.liveness.read(str(client_id), grant_id, None)
        dead = "token_expired" if claims.get("exp", 0) <= validity.timestamp() else None
        dead = dead or why_dead(
            standing, grant_id=grant_id, in_session="sid" in claims, issued_at=int(claims.get("iat", 0))
        )
        return ReadToken("id_token", claims, str(client_id), grant_id, dead, standing)

    def _opaque(self, unit: Unit, value: str) -> ReadToken | None:
        digest = self._handles.digest(Kind.ACCESS_TOKEN, value)
        row = unit.access_tokens.find(digest) if digest is not None else None
        if row is None:
            return None
        token = self._self_contained(unit.liveness, row.claims, row.digest)
        if row.revoked_at is None:
            return token
        return ReadToken("access_token", token.claims, token.client_id, token.grant_id, "token_revoked", None, digest)

    def _refresh(self, unit: Unit, value: str) -> ReadToken | None:
        digest = self._handles.digest(Kind.REFRESH_TOKEN, value)
        found = unit.refresh_tokens.presented(digest) if digest is not None else None
        if found is None:
            return None
        row, standing = found.row, found.standing
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


def _why_any_client_dead(source: StandingSource, client_ids: Iterable[str], issued_at: int) -> str | None:
    """Whether one of the clients through which an exchanged token came is gone or switched off."""
    for client_id in client_ids:
        dead = why_dead(source.read(client_id, None, None), grant_id=None, in_session=False, issued_at=issued_at)
        if dead is not None:
            return dead
    return None
