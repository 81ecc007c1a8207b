"""Clients that are still to be told of a session's end (OIDC Back-Channel Logout §2.5)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from authserver.storage.columns import Base, Created, Identified


class LogoutDelivery(Identified, Created, Base):
    """One client to be told of one session. A claim moves `due_at` to the end of its lease and names its holder.

    The logout token is not kept: each attempt makes its own. The session's row may be gone before the client
    answers, and so may the person's name, so both are ids alone. `created_at` is when the session ended.
    """

    __tablename__ = "logout_deliveries"
    __table_args__ = (
        Index(
            "ix_logout_deliveries_due",
            "due_at",
            postgresql_where=text("failed_at IS NULL"),
            sqlite_where=text("failed_at IS NULL"),
        ),
    )

    session_id: Mapped[str] = mapped_column(String(36))
    user_id: Mapped[str] = mapped_column(String(36))
    client_id: Mapped[str] = mapped_column(String(255), ForeignKey("oauth2_clients.id", ondelete="CASCADE"), index=True)
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    holder: Mapped[str | None] = mapped_column(String(64), default=None)
    failed_at: Mapped[datetime | None] = mapped_column(default=None)
    last_error: Mapped[str] = mapped_column(String(500), default="")
