"""People who can sign in, their roles and their accounts elsewhere."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from authserver.protocol import validity
from authserver.storage.columns import Base, BelongsToOrganization, Created, Identified


class User(Identified, Created, BelongsToOrganization, Base):
    """A person. `email_key` and `username_key` are the normal forms that must be unique."""

    __tablename__ = "users"

    username: Mapped[str | None] = mapped_column(String(255), default=None)
    username_key: Mapped[str | None] = mapped_column(String(255), default=None, unique=True)
    email: Mapped[str | None] = mapped_column(String(254), default=None)
    email_key: Mapped[str | None] = mapped_column(String(254), default=None, unique=True)
    email_verified: Mapped[bool] = mapped_column(default=False)
    password_hash: Mapped[str | None] = mapped_column(String(255), default=None)
    password_changed_at: Mapped[datetime | None] = mapped_column(default=None)
    password_must_change: Mapped[bool] = mapped_column(default=False)
    name: Mapped[str | None] = mapped_column(String(255), default=None)
    given_name: Mapped[str | None] = mapped_column(String(255), default=None)
    family_name: Mapped[str | None] = mapped_column(String(255), default=None)
    country: Mapped[str | None] = mapped_column(String(2), default=None)
    birth_date: Mapped[date | None] = mapped_column(default=None)
    phone_number: Mapped[str | None] = mapped_column(String(32), default=None)
    phone_number_verified: Mapped[bool] = mapped_column(default=False)
    claims: Mapped[dict[str, Any]] = mapped_column(default=dict)
    status: Mapped[str] = mapped_column(String(16), default="active")
    is_active: Mapped[bool] = mapped_column(default=True)
    failed_attempts: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None] = mapped_column(default=None)
    updated_at: Mapped[datetime] = mapped_column(default=validity.now)
    last_login_at: Mapped[datetime | None] = mapped_column(default=None)
    deleted_at: Mapped[datetime | None] = mapped_column(default=None)
    sessions_valid_from: Mapped[datetime | None] = mapped_column(default=None)
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (Index("ix_users_created_at", "created_at"),)

    @property
    def may_sign_in(self) -> bool:
        """Whether the account is open: active, not suspended and not deleted."""
        return self.is_active and self.deleted_at is None and self.status == "active"

    @property
    def verified_mailbox(self) -> str | None:
        """Where mail reaches this person, if the address is known to be theirs: the domain in its ASCII form."""
        if not self.email_verified or not self.email or not self.email_key:
            return None
        return f"{self.email.rpartition('@')[0]}@{self.email_key.rpartition('@')[2]}"

    def lock_account(self, seconds: float) -> None:
        """Refuse this account for `seconds` from now."""
        self.locked_until = validity.after(seconds)

    def increment_failed_attempts(self) -> int:
        """Count one more failure and return the count."""
        self.failed_attempts += 1
        return self.failed_attempts

    def is_locked(self) -> bool:
        """Whether an administrator or too many failures closed the account for now."""
        return self.locked_until is not None and not validity.is_past(self.locked_until)


class Role(Identified, Created, BelongsToOrganization, Base):
    """A named set of permissions."""

    __tablename__ = "roles"

    name: Mapped[str] = mapped_column(String(64))
    description: Mapped[str] = mapped_column(String(255), default="")
    is_system: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (UniqueConstraint("organization_id", "name"),)


class UserRole(Created, Base):
    """That a person has a role."""

    __tablename__ = "user_roles"

    user_id: Mapped[str] = mapped_column(String(36), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    role_id: Mapped[str] = mapped_column(
        String(36), ForeignKey("roles.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class OAuthAccount(Identified, Created, Base):
    """A person's account at an upstream identity provider."""

    __tablename__ = "oauth_account"

    user_id: Mapped[str] = mapped_column(String(36), ForeignKey("users.id", ondelete="CASCADE"), index=True)
    provider: Mapped[str] = mapped_column(String(64))
    provider_id: Mapped[str] = mapped_column(String(255))

    __table_args__ = (UniqueConstraint("provider", "provider_id"),)
