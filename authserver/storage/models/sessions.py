"""Browsers, the sessions in them, and the interactions under way."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from authserver.protocol import validity
from authserver.storage.columns import Base, BelongsToOrganization, Consumable, Created, Expiring, Identified


class Browser(Identified, Created, Expiring, Base):
    """What a pair of cookies names. `sso_digest` is read by the authorization endpoint, `page_digest` by pages."""

    __tablename__ = "browsers"

    sso_digest: Mapped[bytes] = mapped_column(unique=True)
    page_digest: Mapped[bytes] = mapped_column(unique=True)
    last_seen_at: Mapped[datetime] = mapped_column(default=validity.now)


class Session(Identified, Created, Expiring, BelongsToOrganization, Base):
    """One account signed in, in one browser. `idle_ttl` is seconds."""

    __tablename__ = "sessions"

    browser_id: Mapped[str | None] = mapped_column(
        String(36), ForeignKey("browsers.id", ondelete="SET NULL"), default=None, index=True
    )
    user_id: Mapped[str] = mapped_column(String(36), ForeignKey("users.id", ondelete="CASCADE"), index=True)
    auth_time: Mapped[datetime]
    acr: Mapped[str] = mapped_column(String(16), default="1")
    amr: Mapped[list[str]] = mapped_column(default=list)
    remembered: Mapped[bool] = mapped_column(default=False)
    idle_ttl: Mapped[int]
    last_seen_at: Mapped[datetime] = mapped_column(default=validity.now)
    ended_at: Mapped[datetime | None] = mapped_column(default=None)
    end_reason: Mapped[str | None] = mapped_column(String(32), default=None)

    @property
    def is_live(self) -> bool:
        """Whether the session is neither ended, nor expired, nor idle for too long."""
        moment = validity.now()
        return self.ended_at is None and self.expires_at > moment and not self.is_idle

    @property
    def is_idle(self) -> bool:
        """Whether nothing was heard of it for `idle_ttl` seconds."""
        return validity.is_past(validity.after(self.idle_ttl, self.last_seen_at))

    def touch(self) -> None:
        """Note that the session is in use."""
        self.last_seen_at = validity.now()


class Interaction(Identified, Created, Expiring, Consumable, Base):
    """What has been proven so far between two visits to the authorization endpoint.

    `facts` is the list of proven facts, `request` the authorization request as
    it was received, `user_id` the subject that the first authenticating fact fixed.
    """

    __tablename__ = "interactions"

    digest: Mapped[bytes] = mapped_column(unique=True)
    purpose: Mapped[str] = mapped_column(String(16), default="authorize")
    browser_id: Mapped[str] = mapped_column(String(36), ForeignKey("browsers.id", ondelete="CASCADE"), index=True)
    client_id: Mapped[str | None] = mapped_column(String(255), default=None, index=True)
    request: Mapped[dict[str, Any]] = mapped_column(default=dict)
    received_at: Mapped[datetime] = mapped_column(default=validity.now)
    facts: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    reasons: Mapped[list[str]] = mapped_column(default=list)
    user_id: Mapped[str | None] = mapped_column(String(36), ForeignKey("users.id", ondelete="CASCADE"), default=None)
    session_id: Mapped[str | None] = mapped_column(String(36), default=None)
    version: Mapped[int] = mapped_column(default=0)

    __table_args__ = (Index("ix_interactions_created_at", "created_at"),)
