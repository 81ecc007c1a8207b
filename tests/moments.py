"""Times in parameters of tests: written as distances, because a test may run long after it was collected."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any


def seconds(count: float) -> timedelta:
    """A distance from the moment at which the test runs."""
    return timedelta(seconds=count)


def resolved(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same values, each distance replaced by the NumericDate that far from now."""
    now = time.time()
    return {
        name: int(now + value.total_seconds()) if isinstance(value, timedelta) else value
        for name, value in values.items()
    }
