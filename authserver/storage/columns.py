"""Column types and the traits that carry security rules.

A trait is a mixin, not copied columns: what expires, what is used once, what
is bound to a key and what hangs on a grant behaves alike in every table.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from sqlalchemy import JSON, DateTime, Dialect, ForeignKey, LargeBinary, MetaData, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, registry
from sqlalchemy.types import TypeDecorator

from authserver.protocol import validity
from authserver.protocol.identifiers import new_id

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Moment(TypeDecorator[datetime]):
    """A UTC moment. SQLite has no time zones, so it stores the naive UTC value and hands back an aware one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        return value if dialect.name == "postgresql" else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Document = JSON().with_variant(JSONB(), "postgresql")

Id = Annotated[str, mapped_column(String(36))]
Digest = Annotated[bytes, mapped_column(LargeBinary(64))]
Text = Annotated[str, mapped_column(String)]
Names = Annotated[list[str], mapped_column(Document)]


class Base(DeclarativeBase):
    """The declarative base of every table."""

    # A registry made here rather than from `type_annotation_map`: Flask-SQLAlchemy copies the namespace
    # of this class into one of its own, and SQLAlchemy refuses a map beside a registry.
    registry = registry(
        metadata=MetaData(naming_convention=NAMING),
        type_annotation_map={
            datetime: Moment,
            bytes: LargeBinary,
            dict[str, Any]: Document,
            list[str]: Document,
            list[dict[str, Any]]: Document,
        },
    )


class Identified:
    """A row with a UUIDv7 of its own."""

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)


class Created:
    """A row that knows when it was made."""

    created_at: Mapped[datetime] = mapped_column(default=validity.now)


class Expiring:
    """A row that dies at a moment."""

    expires_at: Mapped[datetime] = mapped_column(index=True)

    @property
    def is_expired(self) -> bool:
        """Whether the moment has been reached."""
        return validity.is_past(self.expires_at)


class Consumable:
    """A row that is used once; consumption is one conditional UPDATE in its repository."""

    consumed_at: Mapped[datetime | None] = mapped_column(default=None)


class SenderConstrained:
    """A row bound to a key: `{"jkt": …}` (RFC 9449) or `{"x5t#S256": …}` (RFC 8705), or nobody's."""

    cnf: Mapped[dict[str, Any] | None] = mapped_column(default=None)


class BelongsToGrant:
    """A row that dies with its grant."""

    grant_id: Mapped[str] = mapped_column(String(36), ForeignKey("grants.id", ondelete="CASCADE"), index=True)


class BelongsToOrganization:
    """A row that may belong to an organization."""

    organization_id: Mapped[str | None] = mapped_column(String(36), default=None, index=True)
