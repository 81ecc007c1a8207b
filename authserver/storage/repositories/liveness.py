"""The one read that says whether what stands behind a token is still good."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import and_, bindparam, select

from authserver.storage.compiled import Compiled
from authserver.storage.models.clients import ClientRecord
from authserver.storage.models.grants import Grant, RevokedToken
from authserver.storage.models.sessions import Session
from authserver.storage.models.users import User
from authserver.storage.repositories.rows import Repository


class Standing(NamedTuple):
    """What the database says now about a token's client, grant, user and session."""

    client_enabled: bool
    client_created_at: datetime
    revoked_jti: str | None
    grant_id: str | None
    grant_revoked_at: datetime | None
    offline: bool | None
    user_id: str | None
    session_id: str | None
    found_user_id: str | None
    is_active: bool | None
    deleted_at: datetime | None
    status: str | None
    username: str | None
    email: str | None
    found_session_id: str | None
    session_ended_at: datetime | None
    session_expires_at: datetime | None
    session_last_seen_at: datetime | None
    session_idle_ttl: int | None


STATEMENT = (
    select(
        ClientRecord.enabled,
        ClientRecord.created_at,
        RevokedToken.jti,
        Grant.id,
        Grant.revoked_at,
        Grant.offline,
        Grant.user_id,
        Grant.session_id,
        User.id,
        User.is_active,
        User.deleted_at,
        User.status,
        User.username,
        User.email,
        Session.id,
        Session.ended_at,
        Session.expires_at,
        Session.last_seen_at,
        Session.idle_ttl,
    )
    .select_from(ClientRecord)
    .outerjoin(RevokedToken, RevokedToken.jti == bindparam("jti"))
    .outerjoin(Grant, and_(Grant.id == bindparam("grant_id"), Grant.client_id == ClientRecord.id))
    .outerjoin(User, User.id == Grant.user_id)
    .outerjoin(Session, Session.id == Grant.session_id)
    .where(ClientRecord.id == bindparam("client_id"))
)
_READ = Compiled(STATEMENT)


class Liveness(Repository):
    """Reads the standing of a token."""

    def read(self, client_id: str, grant_id: str | None, jti: str | None) -> Standing | None:
        """What stands behind a token of this client; None when the client is gone."""
        values: dict[str, Any] = {"client_id": client_id, "grant_id": grant_id or "", "jti": jti or ""}
        row = _READ.first(self.transaction, **values)
        return None if row is None else Standing._make(row)
