"""Locks that last as long as a transaction, for work that only one process may do at a time."""

from __future__ import annotations

from sqlalchemy import text

from authserver.storage.unit import Unit


def hold(unit: Unit, name: str) -> None:
    """Wait until nobody else holds the lock of this name; it is released when the transaction ends.

    On SQLite a unit that may write is alone anyway.
    """
    if not unit.transaction.is_postgresql:
        return
    unit.session.execute(text("SET LOCAL lock_timeout = 0"))
    unit.session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": f"authserver:{name}"})
