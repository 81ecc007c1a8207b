"""One server per instance and port: a second start says so instead of sharing the port."""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path


class AlreadyRunning(Exception):
    """Another process serves this instance on this port."""


@dataclass(frozen=True, slots=True)
class InstanceLock:
    """A lock that is held. It ends with the process that took it and is not inherited by its children.

    Attributes:
        after_crash: whether the last holder did not release it, so that its workers may still be draining.
    """

    path: Path
    descriptor: int
    after_crash: bool

    def release(self) -> None:
        """Give the lock back; the next start knows that this one ended in order."""
        os.ftruncate(self.descriptor, 0)
        os.close(self.descriptor)


def acquire(instance_dir: Path, port: int) -> InstanceLock:
    """Take the lock.

    Raises:
        AlreadyRunning: somebody has it; the message says who.
    """
    instance_dir.mkdir(parents=True, exist_ok=True)
    path = instance_dir / f"serve-{port}.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
    try:
        # A record lock belongs to the process alone; flock would live on in the workers of a killed parent.
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise AlreadyRunning(f"process {holder or '?'} already serves {instance_dir} on port {port}") from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return InstanceLock(path, descriptor, after_crash=bool(holder))
