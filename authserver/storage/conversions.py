"""How values of a column go to the driver and come back, in one call each.

SQLAlchemy's own types do the same through several functions for every value.
What is stored is the same text either way, so both doors read what the other wrote.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import Boolean, Dialect, LargeBinary
from sqlalchemy.types import JSON, TypeEngine

from authserver.storage.columns import Moment

Conversion = Callable[[Any], Any]


def binder(kind: TypeEngine[Any], dialect: Dialect) -> Conversion | None:
    """What a value that is not None passes on its way to the driver, or None where the driver takes it as it is."""
    if isinstance(kind, Moment):
        return _moment_text if dialect.name == "sqlite" else _with_time_zone
    if isinstance(kind, JSON):
        return _document_text if dialect.name == "sqlite" else _document
    if isinstance(kind, LargeBinary):
        return None
    return kind.dialect_impl(dialect).bind_processor(dialect)


def reader(kind: TypeEngine[Any], dialect: Dialect) -> Conversion | None:
    """What a value that is not None passes on its way back, or None where the driver gives it as it is meant."""
    if isinstance(kind, Moment):
        return _moment_of_text if dialect.name == "sqlite" else _in_utc
    if isinstance(kind, JSON):
        return orjson.loads if dialect.name == "sqlite" else None
    if isinstance(kind, Boolean):
        return bool if dialect.name == "sqlite" else None
    if isinstance(kind, LargeBinary):
        return None
    return kind.dialect_impl(dialect).result_processor(dialect, None)


def _with_time_zone(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a moment without a time zone cannot be stored")
    return value


def _moment_text(value: datetime) -> str:
    """As SQLAlchemy writes it: the UTC value without its zone, always with microseconds."""
    moment = value if value.tzinfo is UTC else _with_time_zone(value).astimezone(UTC)
    return moment.isoformat(" ", "microseconds")[:26]


def _moment_of_text(value: str) -> datetime:
    return datetime.fromisoformat(value + "+00:00")


def _in_utc(value: datetime) -> datetime:
    return value if value.tzinfo is UTC else value.astimezone(UTC)


def _document_text(value: Any) -> str:
    return orjson.dumps(value).decode()


def _document(value: Any) -> Any:
    from psycopg.types.json import Jsonb  # where SQLite alone is used psycopg is never loaded

    return Jsonb(value, orjson.dumps)
