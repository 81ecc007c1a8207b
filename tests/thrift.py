"""What thousands of tests would do again and again for nothing, done once.

Every test has an installation of its own. What an installation makes that is the
same in all of them, and that no test is about, is shared within a test process.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any, NoReturn

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

MEMORY = Path("/dev/shm")  # noqa: S108 - a directory is made in it, that nobody else may open
ENOUGH = 4 << 30
"""Bytes that must be free in memory before the files of tests go there."""

_COMPILED: dict[type[Dialect], LRUCache[Any, Any]] = {}
_ALIKE: dict[type[Dialect], type[Dialect]] = {}


def keep_files_in_memory() -> None:
    """Have pytest make its temporary directories in memory: SQLite waits for the disk at every commit."""
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ENOUGH:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def share(patch: pytest.MonkeyPatch) -> None:
    """Share compiled statements between databases, and compile no code that builds addresses: nothing here does."""
    from authserver.storage import database

    patch.setattr(database, "create_engine", _sharing_engine)
    patch.setattr(Rule, "_compile_builder", lambda *_args: _build)


def _sharing_engine(url: Any, **options: Any) -> Engine:
    """`sqlalchemy.create_engine`, whose engines of one dialect share the statements that they compiled.

    `storage.open` makes dialects of one class alike, so what one of them compiled is right for the others.
    """
    engine = create_engine(url, **options)
    alike = _alike(type(engine.dialect))
    engine.dialect.__class__ = alike
    engine._compiled_cache = _COMPILED.setdefault(alike, LRUCache(10_000))
    return engine


def _alike(dialect: type[Dialect]) -> type[Dialect]:
    """The same dialect, equal to every other one of its class: it is part of a compiled statement's key."""
    if dialect not in _ALIKE:
        members = {
            "__eq__": lambda self, other: type(self) is type(other),
            "__hash__": lambda self: hash(type(self)),
            # SQLAlchemy does not take this from the class below.
            "supports_statement_cache": True,
        }
        _ALIKE[dialect] = type(dialect.__name__, (dialect,), members)
    return _ALIKE[dialect]


def _build(*_args: object) -> NoReturn:
    raise AssertionError("an address was built by Flask")
