"""Grants, the root of every token, and what hangs on them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from authserver.storage.columns import (
    Base,
    BelongsToGrant,
    BelongsToOrganization,
    Consumable,
    Created,
    Expiring,
    Identified,
    SenderConstrained,
)


class Grant(Identified, Created, SenderConstrained, BelongsToOrganization, Base):
    """What a subject let a client do. Revoking it is one UPDATE and ends every token that carries its id."""

    __tablename__ = "grants"

    client_id: Mapped[str] = mapped_column(String(255), ForeignKey("oauth2_clients.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[str | None] = mapped_column(
        String(36), ForeignKey("users.id", ondelete="CASCADE"), default=None, index=True
    )
    session_id: Mapped[str | None] = mapped_column(
        String(36), ForeignKey("sessions.id", ondelete="SET NULL"), default=None, index=True
    )
    offline: Mapped[bool] = mapped_column(default=False)
    scope: Mapped[str] = mapped_column(String, default="")
    resources: Mapped[list[str]] = mapped_column(default=list)
    authorization_details: Mapped[list[dict[str, Any]] | None] = mapped_column(default=None)
    claims: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    auth_time: Mapped[datetime | None] = mapped_column(default=None)
    acr: Mapped[str] = mapped_column(String(16), default="")
    amr: Mapped[list[str]] = mapped_column(default=list)
    nonce: Mapped[str | None] = mapped_column(String(2048), default=None)
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)
    revoke_reason: Mapped[str | None] = mapped_column(String(32), default=None)


class Consent(Identified, Created, BelongsToOrganization, Base):
    """What a person allowed a client, remembered."""

    __tablename__ = "consents"

    user_id: Mapped[str] = mapped_column(String(36), ForeignKey("users.id", ondelete="CASCADE"))
    client_id: Mapped[str] = mapped_column(String(255), ForeignKey("oauth2_clients.id", ondelete="CASCADE"), index=True)
    scope: Mapped[str] = mapped_column(String, default="")
    resources: Mapped[list[str]] = mapped_column(default=list)
    claims: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    updated_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)

    __table_args__ = (UniqueConstraint("user_id", "client_id"),)


class AuthorizationCode(Created, Expiring, Consumable, SenderConstrained, BelongsToGrant, Base):
    """An authorization code: its digest and everything it is bound to (RFC 6749 §4.1.3, RFC 7636 §4.4)."""

    __tablename__ = "oauth2_auth_codes"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(String(255))
    redirect_uri: Mapped[str] = mapped_column(String(2048))
    code_challenge: Mapped[str | None] = mapped_column(String(128), default=None)
    scope: Mapped[str] = mapped_column(String, default="")
    resources: Mapped[list[str]] = mapped_column(default=list)
    nonce: Mapped[str | None] = mapped_column(String(2048), default=None)


class PushedRequest(Created, Expiring, Consumable, Base):
    """A pushed authorization request (RFC 9126): the digest of its name, whose it is, and what it asks for."""

    __tablename__ = "pushed_requests"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(String(255), ForeignKey("oauth2_clients.id", ondelete="CASCADE"), index=True)
    parameters: Mapped[dict[str, Any]]


class RefreshToken(Identified, Expiring, Consumable, SenderConstrained, BelongsToGrant, Base):
    """A refresh token: digest, family and successor. The family is the grant's; it dies as one.

    `expires_at` is the end of disuse, `family_expires_at` the end in any case.
    `successor_sealed` holds the successor's value under a key only the
    presented token yields, while the grace lasts. Each refresh writes every index,
    so there are few: a family is found by its grant, a person by the index below.
    """

    __tablename__ = "refresh_token"

    digest: Mapped[bytes] = mapped_column(unique=True)
    family_id: Mapped[str] = mapped_column(String(36))
    user_id: Mapped[str | None] = mapped_column(String(36), ForeignKey("users.id", ondelete="CASCADE"), default=None)
    session_id: Mapped[str | None] = mapped_column(String(36), default=None)
    client_id: Mapped[str] = mapped_column(String(255))
    scope: Mapped[str] = mapped_column(String, default="")
    resources: Mapped[list[str]] = mapped_column(default=list)
    issued_at: Mapped[datetime]
    family_expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)
    replaced_by: Mapped[str | None] = mapped_column(String(36), default=None)
    successor_sealed: Mapped[bytes | None] = mapped_column(default=None)
    grace_until: Mapped[datetime | None] = mapped_column(default=None)


class AccessToken(Created, Expiring, SenderConstrained, Base):
    """An opaque access token, or a self-contained one that policy wants stored: digest and claims."""

    __tablename__ = "oauth2_access_tokens"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    jti: Mapped[str] = mapped_column(String(64), unique=True)
    grant_id: Mapped[str | None] = mapped_column(
        String(36), ForeignKey("grants.id", ondelete="CASCADE"), default=None, index=True
    )
    client_id: Mapped[str] = mapped_column(String(255), ForeignKey("oauth2_clients.id", ondelete="CASCADE"), index=True)
    claims: Mapped[dict[str, Any]] = mapped_column(default=dict)
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)


class RevokedToken(Expiring, Base):
    """A self-contained access token that was revoked on its own, kept until it would have expired."""

    __tablename__ = "revoked_tokens"

    jti: Mapped[str] = mapped_column(String(64), primary_key=True)
    revoked_at: Mapped[datetime]


Index("ix_refresh_token_user_expires", RefreshToken.user_id, RefreshToken.expires_at)
