"""A worker that dies at a chosen point: `python audit_worker_process.py URL SPOOL POINT NUMBER`.

At the given occurrence of the point the process kills itself as `kill -9` would.
Without a point it works until there is nothing left.
"""

from __future__ import annotations

import functools
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from authserver import settings, storage
from authserver.crypto.sealing import Sealer
from authserver.events.audit_log import AuditWriter
from authserver.events.intake import Intake
from authserver.events.worker import Worker
from authserver.storage.repositories.audit import Audit
from authserver.storage.repositories.outbox import Outbox

SEALER = Sealer.of(bytes(range(32)))

# What runs right before the process dies.
POINTS: dict[str, tuple[Any, str, bool]] = {
    "before the batch": (AuditWriter, "append_batch", False),
    "before append": (Audit, "append", False),
    "after append": (Audit, "append", True),
    "after moving the head": (Audit, "advance", True),
    "after emptying the outbox": (Outbox, "remove", True),
    "after commit": (AuditWriter, "append_batch", True),
    "after reading the spool": (Outbox, "add_missing", False),
    "before the spool's commit": (Outbox, "add_missing", True),
    "before deleting the spool": (Path, "unlink", False),
}


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(owner: Any, name: str, afterwards: bool, number: int) -> None:
    """Makes the `number`-th call of a method the last thing this process does."""
    original: Callable[..., Any] = getattr(owner, name)
    calls = [0]

    @functools.wraps(original)
    def deadly(*args: Any, **kwargs: Any) -> Any:
        calls[0] += 1
        if calls[0] == number and not afterwards:
            die()
        result = original(*args, **kwargs)
        if calls[0] == number:
            die()
        return result

    setattr(owner, name, deadly)


def opened(url: str, directory: Path) -> storage.Database:
    values = {
        "environment": "testing",
        "issuer": "http://127.0.0.1:8000",
        "instance_dir": directory / "instance",
        "keys_dir": directory / "keys",
        "database_url": url,
    }
    return storage.open(settings.load(environ={}, overrides=values))


def main(url: str, spool: str, point: str = "", number: str = "1") -> None:
    database = opened(url, Path(spool).parent)
    # Small batches, so that there is a middle to die in.
    AuditWriter.step.__defaults__ = (7,)
    Intake.__init__.__kwdefaults__ = {"batch": 7}
    worker = Worker(database, SEALER, spool_directory=Path(spool))
    if point:
        arm(*POINTS[point], int(number))
    sys.stdout.write(f"{worker.run_once()}\n")
    database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
