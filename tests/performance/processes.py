"""What processes use, read from /proc."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


def family(pid: int) -> list[int]:
    """A process and everything below it."""
    children: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, waiting = [], [pid]
    while waiting:
        current = waiting.pop()
        found.append(current)
        waiting += children.get(current, [])
    return found


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time of the families of these processes, with that of children that ended."""
    ticks = 0
    for pid in pids:
        for member in family(pid):
            fields = _stat(member)
            # Of the eldest alone the time of ended children counts, or it would count once a generation.
            ticks += sum(int(value) for value in fields[11 : 15 if member == pid else 13])
    return ticks / TICKS


def pss_mb(pid: int) -> float:
    """The share of memory that a process answers for, in MB."""
    for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
