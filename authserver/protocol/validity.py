"""The only clock. Times are UTC and timezone-aware; durations are seconds."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


def now() -> datetime:
    """The current moment."""
    return datetime.now(UTC)


def timestamp() -> int:
    """The current moment as a NumericDate (RFC 7519 §2): whole seconds since 1970."""
    return int(time.time())


def after(seconds: float, start: datetime | None = None) -> datetime:
    """The moment `seconds` after `start`, by default after now."""
    return (start or now()) + timedelta(seconds=seconds)


def is_past(moment: datetime) -> bool:
    """Whether `moment` has been reached; a thing that expires at `moment` is then dead."""
    return moment <= now()


def epoch(moment: datetime) -> int:
    """`moment` as a NumericDate."""
    return int(moment.timestamp())


def from_epoch(seconds: float) -> datetime:
    """The moment a NumericDate names."""
    return datetime.fromtimestamp(seconds, UTC)
