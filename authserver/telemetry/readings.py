"""Instruments as they are read: by name, with the numbers of one process or of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from authserver.telemetry import slots

Kind = Literal["counter", "gauge", "histogram"]


@dataclass(slots=True)
class Family:
    """One instrument as read: for every combination of label values its cells.

    A counter or gauge has one cell. A histogram has one per bucket (not cumulative), one for what exceeds the last
    bucket, and the sum of all values.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...]
    buckets: tuple[float, ...]
    series: dict[tuple[str, ...], list[float]] = field(default_factory=dict)

    def add(self, values: tuple[str, ...], cells: Sequence[float]) -> None:
        """Add the cells of one more process."""
        known = self.series.setdefault(values, [0.0] * len(cells))
        if len(known) == len(cells):
            self.series[values] = [left + right for left, right in zip(known, cells, strict=True)]


def merge(directory: Path) -> list[Family]:
    """The numbers of all processes that share `directory`: counters of dead ones stay, gauges of dead ones do not."""
    found: dict[str, Family] = {}
    for alive, entries, cells in slots.read_all(directory):
        start = 0
        for entry in entries:
            if entry[0] == "family":
                _, name, kind, meaning, labels, buckets = entry
                found.setdefault(name, Family(name, kind, meaning, tuple(labels), tuple(buckets)))
                continue
            _, name, values, width = entry
            family = found[name]
            if alive or family.kind != "gauge":
                family.add(tuple(values), cells[start : start + width].tolist())
            start += width
    return sorted(found.values(), key=lambda family: family.name)
