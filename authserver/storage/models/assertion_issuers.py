"""Issuers whose assertions are taken as grants."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from authserver.protocol import validity
from authserver.storage.columns import Base, BelongsToOrganization, Created


class AssertionIssuer(Created, BelongsToOrganization, Base):
    """Somebody whose JWTs stand for people (RFC 7523 §2.1). `id` is their `iss`; `max_lifetime` is seconds."""

    __tablename__ = "assertion_issuers"

    id: Mapped[str] = mapped_column(String(2048), primary_key=True)
    jwks: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    jwks_uri: Mapped[str | None] = mapped_column(String(2048), default=None)
    algorithms: Mapped[list[str]] = mapped_column(default=list)
    audience: Mapped[str] = mapped_column(String(16), default="issuer")
    subject: Mapped[str] = mapped_column(String(16), default="id")
    max_lifetime: Mapped[int] = mapped_column(default=300)
    clients: Mapped[list[str]] = mapped_column(default=list)
    enabled: Mapped[bool] = mapped_column(default=True)
    updated_at: Mapped[datetime] = mapped_column(default=validity.now)
