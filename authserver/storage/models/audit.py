"""The audit log: append-only, chained by hashes, written by one leased writer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, LargeBinary, String, Table, Text, event
from sqlalchemy.orm import Mapped, mapped_column

from authserver.storage.columns import Base

FIRST_HASH = bytes(32)
"""What the first entry names as its predecessor."""


class AuditEntry(Base):
    """One event, kept for good. The columns beside `record` repeat what it says, to search by."""

    __tablename__ = "audit_log"

    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    event_id: Mapped[str] = mapped_column(String(36), unique=True)
    type: Mapped[str] = mapped_column(String(64))
    occurred_at: Mapped[datetime] = mapped_column(index=True)
    outcome: Mapped[str] = mapped_column(String(16))
    actor: Mapped[str | None] = mapped_column(String(255), default=None)
    target: Mapped[str | None] = mapped_column(String(2048), default=None)
    user_id: Mapped[str | None] = mapped_column(String(36), default=None, index=True)
    client_id: Mapped[str | None] = mapped_column(String(255), default=None)
    session_id: Mapped[str | None] = mapped_column(String(36), default=None)
    grant_id: Mapped[str | None] = mapped_column(String(36), default=None)
    organization_id: Mapped[str | None] = mapped_column(String(36), default=None)
    device_id: Mapped[str | None] = mapped_column(String(36), default=None)
    risk_score: Mapped[int | None] = mapped_column(default=None)
    correlation_id: Mapped[str] = mapped_column(String(128), default="", index=True)
    record: Mapped[str] = mapped_column(Text)
    origin: Mapped[bytes | None] = mapped_column(LargeBinary, default=None)
    origin_holder: Mapped[str | None] = mapped_column(String(64), default=None)
    personal: Mapped[bytes | None] = mapped_column(LargeBinary, default=None)
    personal_holder: Mapped[str | None] = mapped_column(String(64), default=None)
    previous_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class AuditLease(Base):
    """Who may append, until when, and where the chain ends. `fencing` rises with every change of holder."""

    __tablename__ = "audit_lease"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    holder: Mapped[str] = mapped_column(String(64))
    fencing: Mapped[int] = mapped_column(BigInteger, default=0)
    expires_at: Mapped[datetime]
    sequence: Mapped[int] = mapped_column(BigInteger, default=0)
    hash: Mapped[bytes] = mapped_column(LargeBinary(32), default=FIRST_HASH)


def append_only_statements(dialect: str) -> tuple[str, ...]:
    """The statements that make `audit_log` refuse every change but an INSERT at its end."""
    return _POSTGRESQL if dialect == "postgresql" else _SQLITE


def drop_append_only_statements(dialect: str) -> tuple[str, ...]:
    """The statements that take the refusal away again, for a migration down."""
    if dialect == "postgresql":
        return (
            "DROP TRIGGER IF EXISTS audit_log_append_only ON audit_log",
            "DROP TRIGGER IF EXISTS audit_log_no_truncate ON audit_log",
            "DROP FUNCTION IF EXISTS audit_log_refuse()",
        )
    return tuple(f"DROP TRIGGER IF EXISTS audit_log_no_{verb}" for verb in ("update", "delete", "overwrite"))


# A statement trigger fires even where no row matches, and ALWAYS fires on a session
# that poses as a replica, so neither is a way around.
_POSTGRESQL = (
    """CREATE OR REPLACE FUNCTION audit_log_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'audit_log is append-only' USING ERRCODE = 'restrict_violation'; END $$""",
    """CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuse()""",
    """CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuse()""",
    "ALTER TABLE audit_log ENABLE ALWAYS TRIGGER audit_log_append_only",
    "ALTER TABLE audit_log ENABLE ALWAYS TRIGGER audit_log_no_truncate",
)

# INSERT OR REPLACE deletes what is in its way without firing delete triggers,
# so the third one refuses an INSERT anywhere but at the end.
_SQLITE = (
    """CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
    BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END""",
    """CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
    BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END""",
    """CREATE TRIGGER audit_log_no_overwrite BEFORE INSERT ON audit_log
    WHEN NEW.sequence <= (SELECT COALESCE(MAX(sequence), 0) FROM audit_log)
      OR EXISTS (SELECT 1 FROM audit_log WHERE event_id = NEW.event_id)
    BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END""",
)


@event.listens_for(AuditEntry.__table__, "after_create")
def _protect(_table: Table, connection: Connection, **_: Any) -> None:
    """Protects a table made by `create_all`; migrations call the statements themselves."""
    for statement in append_only_statements(connection.dialect.name):
        connection.exec_driver_sql(statement)
