"""Numbers of several processes in a few small files.

A process takes the first free slot of a directory: one file, locked as long
as the process lives and mapped into its memory. A process that follows a dead
one takes its slot and counts on from its numbers, so the number of files stays
at the number of processes however often they are replaced, and kill -9 loses
nothing. The reader adds up all slots.

A file holds 8 bytes (how much of the index is used), the index (one JSON array
per line) and the cells (8-byte floats), given out in the order of the index:
`["family", name, kind, help, labels, buckets]` takes none,
`["series", name, label values, cells]` takes as many as it says.
"""

from __future__ import annotations

import fcntl
import json
import mmap
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

INDEX_BYTES = 512 * 1024
CELLS = 16384
HEADER = 8
SIZE = HEADER + INDEX_BYTES + CELLS * 8
MAX_SLOTS = 1024


@dataclass(slots=True)
class Slot:
    """A claimed slot: the lock that keeps it, and its memory."""

    path: Path
    descriptor: int
    memory: mmap.mmap

    def cells(self) -> memoryview[float]:
        """The numbers, as a view that writes straight through to the file."""
        return memoryview(self.memory)[HEADER + INDEX_BYTES :].cast("d")

    def entries(self) -> list[list[Any]]:
        """The index in order, as an earlier process of this slot left it."""
        return _entries(self.memory)

    def append(self, entry: list[Any]) -> bool:
        """Add a line to the index; False when it is full. The length is written last, so no reader sees half."""
        line = json.dumps(entry, separators=(",", ":")).encode() + b"\n"
        used = int.from_bytes(self.memory[:HEADER], "little")
        if used + len(line) > INDEX_BYTES:
            return False
        self.memory[HEADER + used : HEADER + used + len(line)] = line
        self.memory[:HEADER] = (used + len(line)).to_bytes(HEADER, "little")
        return True

    def close(self) -> None:
        """Let go of the slot without touching its numbers.

        The lock goes with the last descriptor of it, so a forked child leaves its parent's alone. The mapping holds
        a descriptor of its own.

        Raises:
            BufferError: a view of the cells is still in use.
        """
        os.close(self.descriptor)
        self.memory.close()


def claim(directory: Path) -> Slot:
    """Take the first free slot of `directory`.

    Raises:
        OSError: the directory cannot be written, or all slots are taken.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for number in range(MAX_SLOTS):
        path = directory / f"slot-{number}"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        if _lock(descriptor) and _is_still(path, descriptor):
            if os.fstat(descriptor).st_size != SIZE:
                os.ftruncate(descriptor, 0)
                os.ftruncate(descriptor, SIZE)
            return Slot(path, descriptor, mmap.mmap(descriptor, SIZE))
        os.close(descriptor)
    raise OSError(f"{directory}: all {MAX_SLOTS} slots are taken")


def read_all(directory: Path) -> Iterator[tuple[bool, list[list[Any]], memoryview[float]]]:
    """Each slot as (is its process alive, index, cells); unreadable files are passed over."""
    for path in sorted(directory.glob("slot-*")):
        try:
            content = path.read_bytes()
        except OSError:
            continue
        if len(content) == SIZE:
            yield is_taken(path), _entries(content), memoryview(content)[HEADER + INDEX_BYTES :].cast("d")


def is_taken(path: Path) -> bool:
    """Whether a living process holds the slot."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        return not _lock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def clean(directory: Path) -> int:
    """Forget the slots of dead processes, before the first worker starts; returns how many there were."""
    removed = 0
    for path in sorted(directory.glob("slot-*")):
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            if _lock(descriptor):
                path.unlink(missing_ok=True)
                removed += 1
        finally:
            os.close(descriptor)
    return removed


def _lock(descriptor: int, how: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_still(path: Path, descriptor: int) -> bool:
    """Whether the locked file is the one of that name: `clean` may have removed it in between."""
    try:
        named = path.stat()
    except FileNotFoundError:
        return False
    return named.st_ino == os.fstat(descriptor).st_ino


def _entries(content: bytes | mmap.mmap) -> list[list[Any]]:
    used = int.from_bytes(content[:HEADER], "little")
    return [json.loads(line) for line in content[HEADER : HEADER + used].splitlines()]
