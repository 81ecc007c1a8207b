"""Keys under which the audit log seals what identifies a person."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from authserver.storage.columns import Base, Created


class UserKey(Created, Base):
    """The sealed key of one holder: a user's id, or a month for data of nobody in particular.

    An erased key stays as a tombstone, so that a late event cannot make another one.
    No foreign key leads to the user, because the tombstone outlives the account.
    """

    __tablename__ = "user_keys"

    holder: Mapped[str] = mapped_column(String(64), primary_key=True)
    sealed_key: Mapped[bytes | None] = mapped_column(default=None)
    erased_at: Mapped[datetime | None] = mapped_column(default=None)
