"""Keys that belong to the installation as a whole and never change."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from authserver.storage.columns import Base, Created


class InstallationKey(Created, Base):
    """One sealed key, named by what it is for. Nothing replaces it: what it made must stay as it is."""

    __tablename__ = "installation_keys"

    purpose: Mapped[str] = mapped_column(String(64), primary_key=True)
    sealed_key: Mapped[bytes]
