"""Requests that a person answers elsewhere, while the client polls: the device grant and CIBA."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from authserver.protocol import validity
from authserver.storage.columns import Base, Consumable, Created, Expiring, Identified


class AwaitsDecision:
    """A row that waits for a person. Allowed is what was decided and has a grant, denied what was decided and has none.

    `interval` is seconds between two polls, `next_poll_at` the moment from which the next one is in time.
    """

    digest: Mapped[bytes] = mapped_column(unique=True)
    client_id: Mapped[str] = mapped_column(String(255), ForeignKey("oauth2_clients.id", ondelete="CASCADE"), index=True)
    scope: Mapped[str] = mapped_column(String, default="")
    resources: Mapped[list[str]] = mapped_column(default=list)
    authorization_details: Mapped[list[dict[str, Any]] | None] = mapped_column(default=None)
    interval: Mapped[int]
    next_poll_at: Mapped[datetime] = mapped_column(default=validity.now)
    decided_at: Mapped[datetime | None] = mapped_column(default=None)
    grant_id: Mapped[str | None] = mapped_column(
        String(36), ForeignKey("grants.id", ondelete="CASCADE"), default=None, index=True
    )


class DeviceRequest(Identified, Created, Expiring, Consumable, AwaitsDecision, Base):
    """What a device asks for (RFC 8628 §3.1). `user_code` is a keyed tag of the code, `requested_from` an address."""

    __tablename__ = "device_requests"

    user_code: Mapped[str] = mapped_column(String(64), unique=True)
    requested_from: Mapped[str] = mapped_column(String(64), default="")


class BackchannelRequest(Identified, Created, Expiring, Consumable, AwaitsDecision, Base):
    """Whom a client wants to be signed in, and why (CIBA Core §7.1).

    `notify_at` is when the client is to be pinged next: set by the decision, None when there is nothing to tell.
    `notification_sealed` is what that call must carry.
    """

    __tablename__ = "backchannel_requests"

    user_id: Mapped[str] = mapped_column(String(36), ForeignKey("users.id", ondelete="CASCADE"), index=True)
    binding_message: Mapped[str | None] = mapped_column(String(255), default=None)
    notification_sealed: Mapped[bytes | None] = mapped_column(default=None)
    notify_at: Mapped[datetime | None] = mapped_column(default=None, index=True)
    notify_attempts: Mapped[int] = mapped_column(default=0)
