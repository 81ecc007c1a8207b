"""Small tables of the server itself: snapshot versions, short-lived values, refusals to explain."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Float, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from authserver.storage.columns import Base, Created, Expiring


class Version(Base):
    """How often a kind of snapshot has changed; readers compare it with what they hold."""

    __tablename__ = "versions"

    kind: Mapped[str] = mapped_column(String(32), primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger, default=1)


class EphemeralValue(Expiring, Base):
    """A short-lived value whose loss costs a retry: counters, nonces, caches."""

    __tablename__ = "ephemeral"

    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    value: Mapped[bytes]
    count: Mapped[int] = mapped_column(BigInteger, default=0)


class EphemeralHit(Expiring, Base):
    """One hit of a moving-window limit."""

    __tablename__ = "ephemeral_hits"

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), index=True)
    at: Mapped[float] = mapped_column(Float(53))


class Refusal(Created, Expiring, Base):
    """Why a request was refused, behind the reference the requester was shown."""

    __tablename__ = "refusals"

    reference: Mapped[str] = mapped_column(String(32), primary_key=True)
    error: Mapped[str] = mapped_column(String(64))
    description: Mapped[str] = mapped_column(String, default="")
    reason: Mapped[str] = mapped_column(String(64), default="")
    spec: Mapped[str] = mapped_column(String(128), default="")
    setting: Mapped[str] = mapped_column(String(255), default="")
    endpoint: Mapped[str] = mapped_column(String(255), default="")
    client_id: Mapped[str | None] = mapped_column(String(255), default=None)
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    correlation_id: Mapped[str] = mapped_column(String(128), default="")
