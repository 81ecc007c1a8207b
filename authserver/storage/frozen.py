"""Rows as values: what a table's entity can be asked, and nothing that could be changed.

An entity that no session knows looks as if a change to it were kept. These are
tuples of the columns with the properties and methods of the model, so an
assignment is an AttributeError, and reading a field costs what a tuple costs.
"""

from __future__ import annotations

import inspect
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from types import FunctionType
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import Table

from authserver.storage.columns import Base

Entity = TypeVar("Entity", bound=Base)


class Frozen(Generic[Entity]):
    """Makes values of one model. For the type checker they are the entity itself: they answer to the same names."""

    def __init__(self, model: type[Entity]) -> None:
        columns = cast("Table", model.__table__).columns
        self._defaults = tuple((column.name, _default(column)) for column in columns)
        self._make = cast("Any", _row_class(model))._make

    def of_row(self, row: Iterable[Any]) -> Entity:
        """The value of a row with all columns in the table's order."""
        return cast("Entity", self._make(row))

    def new(self, **given: Any) -> Entity:
        """A row to be inserted: what is given and not None, else the defaults that the table declares."""
        return self.of_row(self.complete(given))

    def complete(self, given: Mapping[str, Any]) -> list[Any]:
        """The columns' values in the table's order, with the defaults that the table declares."""
        return [default() if (value := given.get(name)) is None else value for name, default in self._defaults]


_made: dict[type[Base], Frozen[Any]] = {}


def frozen(model: type[Entity]) -> Frozen[Entity]:
    """What makes values of this model: one class for each."""
    found = _made.get(model)
    return found if found is not None else _made.setdefault(model, Frozen(model))


def _row_class(model: type[Base]) -> type[tuple[Any, ...]]:
    table = cast("Table", model.__table__)
    fields: Any = namedtuple(f"{model.__name__}Fields", [column.name for column in table.columns])  # type: ignore[misc]
    members: dict[str, Any] = {
        name: member for name, member in inspect.getmembers_static(model) if _is_shared(model, name, member)
    }
    # Documents and lists among the values have no hash; the key does.
    members["__hash__"] = _hash_by(attrgetter(*(column.name for column in table.primary_key)))
    return type(f"{model.__name__}Row", (fields,), {"__slots__": (), "__doc__": model.__doc__, **members})


def _default(column: Any) -> Callable[[], Any]:
    default: Any = column.default
    if default is None:
        return _nothing
    if default.is_callable:
        return lambda: default.arg(None)
    return lambda: default.arg


def _nothing() -> None:
    return None


def _hash_by(key: Callable[[Any], Any]) -> Callable[[Any], int]:
    return lambda row: hash(key(row))


def _is_shared(model: type[Base], name: str, member: Any) -> bool:
    """Properties and methods that the model or its traits define, not what SQLAlchemy adds to every entity."""
    if name.startswith("_") or not isinstance(member, property | FunctionType):
        return False
    return not hasattr(Base, name) and name not in cast("Table", model.__table__).columns
