"""Everything that must survive: models, repositories and the unit of work.

`open(settings)` gives a `Database`; `database.unit()` is a transaction that
may write, `database.reading()` one that may not. Only this package knows
SQLAlchemy. Single use is one conditional UPDATE in a repository, and a refusal
keeps its defensive effects although what was begun is rolled back.
"""

from authserver.storage.database import Database, open_database
from authserver.storage.unit import Unit

open = open_database  # noqa: A001 - `storage.open(settings)` reads as what it is

__all__ = ["Database", "Unit", "open", "open_database"]
