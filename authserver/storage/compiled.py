"""Statements compiled once and handed to the driver as text.

The ORM costs a tenth of a millisecond for a statement, most of it in building
an expression that never changes. Where every token depends on it, a statement
is compiled at first use, for each dialect, and runs on the driver's connection
of the unit's own transaction. Values pass SQLAlchemy's own type processors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import (
    LABEL_STYLE_TABLENAME_PLUS_COL,
    ColumnElement,
    Dialect,
    Executable,
    Select,
    Table,
    bindparam,
    inspect,
    select,
)

from authserver.storage.columns import Base
from authserver.storage.transaction import Transaction

Row = tuple[Any, ...]
Entity = TypeVar("Entity", bound=Base)
Other = TypeVar("Other", bound=Base)
Processor = Callable[[Any], Any]


class _ForDialect:
    """One statement as one driver takes it."""

    def __init__(self, statement: Executable, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
        self.sql = str(compiled)
        self.positions: tuple[str, ...] | None = tuple(compiled.positiontup) if compiled.positional else None
        self.fixed = {name: bind.effective_value for name, bind in compiled.binds.items() if not bind.required}
        self.binders: dict[str, Processor] = {}
        for name, bind in compiled.binds.items():
            processor = bind.type.dialect_impl(dialect).bind_processor(dialect)
            if processor is not None:
                self.binders[name] = processor
        self.readers = _readers(statement, dialect)

    def parameters(self, values: Mapping[str, Any]) -> Any:
        merged = {**self.fixed, **values}
        for name, processor in self.binders.items():
            if merged[name] is not None:
                merged[name] = processor(merged[name])
        return merged if self.positions is None else [merged[name] for name in self.positions]

    def read(self, row: Row) -> Row:
        if not self.readers:
            return row
        values = list(row)
        for index, processor in self.readers:
            values[index] = processor(values[index])
        return tuple(values)


def _readers(statement: Executable, dialect: Dialect) -> tuple[tuple[int, Processor], ...]:
    if not isinstance(statement, Select):
        return ()
    found = []
    for index, column in enumerate(statement.selected_columns):
        processor = column.type.dialect_impl(dialect).result_processor(dialect, None)
        if processor is not None:
            found.append((index, processor))
    return tuple(found)


class Compiled:
    """A statement with named parameters. Every parameter that has no value of its own must be given."""

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        self._by_dialect: dict[str, _ForDialect] = {}

    def first(self, transaction: Transaction, **values: Any) -> Row | None:
        """The first row, or None."""
        prepared, cursor = self._execute(transaction, values)
        row = cursor.fetchone()
        return None if row is None else prepared.read(row)

    def all(self, transaction: Transaction, **values: Any) -> list[Row]:
        """Every row."""
        prepared, cursor = self._execute(transaction, values)
        return [prepared.read(row) for row in cursor.fetchall()]

    def run(self, transaction: Transaction, **values: Any) -> int:
        """Run a write and tell how many rows it changed."""
        return int(self._execute(transaction, values)[1].rowcount)

    def _execute(self, transaction: Transaction, values: Mapping[str, Any]) -> tuple[_ForDialect, Any]:
        dialect = transaction.dialect
        prepared = self._by_dialect.get(dialect.name)
        if prepared is None:
            prepared = self._by_dialect[dialect.name] = _ForDialect(self._statement, dialect)
        return prepared, transaction.execute(prepared.sql, prepared.parameters(values))


class _Rows(Generic[Entity]):
    """Makes entities of a table's rows, which no session knows."""

    def __init__(self, model: type[Entity]) -> None:
        self._model = model
        self.table = cast("Table", model.__table__)
        self.width = len(self.table.columns)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        mapper = inspect(self._model)
        return tuple(mapper.get_property_by_column(column).key for column in self.table.columns)

    @cached_property
    def _new(self) -> Callable[[], Entity]:
        return cast("Callable[[], Entity]", inspect(self._model).class_manager.new_instance)

    def entity(self, row: Row) -> Entity:
        entity = self._new()
        vars(entity).update(zip(self._names, row, strict=True))
        return entity


class CompiledFind(Generic[Entity]):
    """Finds whole rows of one table, as entities that nobody changes through a session."""

    def __init__(self, model: type[Entity], *conditions: ColumnElement[bool]) -> None:
        self._rows = _Rows(model)
        self._compiled = Compiled(select(self._rows.table).where(*conditions))

    def first(self, transaction: Transaction, **values: Any) -> Entity | None:
        """The first that is found, or None."""
        row = self._compiled.first(transaction, **values)
        return None if row is None else self._rows.entity(row)


class CompiledJoin(Generic[Entity, Other]):
    """Finds rows of two tables that belong together, as entities that nobody changes through a session."""

    def __init__(
        self, models: tuple[type[Entity], type[Other]], *conditions: ColumnElement[bool], order: Sequence[Any] = ()
    ) -> None:
        self._one, self._other = _Rows(models[0]), _Rows(models[1])
        statement = select(self._one.table, self._other.table).where(*conditions).order_by(*order)
        self._compiled = Compiled(statement.set_label_style(LABEL_STYLE_TABLENAME_PLUS_COL))

    def all(self, transaction: Transaction, **values: Any) -> list[tuple[Entity, Other]]:
        """Every pair."""
        width = self._one.width
        rows = self._compiled.all(transaction, **values)
        return [(self._one.entity(row[:width]), self._other.entity(row[width:])) for row in rows]

    def first(self, transaction: Transaction, **values: Any) -> tuple[Entity, Other] | None:
        """The first pair, or None."""
        row = self._compiled.first(transaction, **values)
        width = self._one.width
        return None if row is None else (self._one.entity(row[:width]), self._other.entity(row[width:]))


class CompiledInsert:
    """Inserts whole rows of one table; columns that are not given get the defaults that the table declares."""

    def __init__(self, model: type[Base]) -> None:
        table = cast("Table", model.__table__)
        self._table = table
        self._compiled = Compiled(table.insert().values({column.name: _parameter(column) for column in table.columns}))

    @property
    def names(self) -> tuple[str, ...]:
        """The columns."""
        return tuple(self._defaults)

    @cached_property
    def _defaults(self) -> dict[str, Callable[[], Any]]:
        found: dict[str, Callable[[], Any]] = {}
        for column in self._table.columns:
            default: Any = column.default
            if default is None:
                found[column.name] = _nothing
            elif default.is_callable:
                found[column.name] = _called(default.arg)
            else:
                found[column.name] = _constant(default.arg)
        return found

    def row(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Every column's value: what is given and not None, else its default."""
        values = dict(given)
        for name, default in self._defaults.items():
            if values.get(name) is None:
                values[name] = default()
        return values

    def run(self, transaction: Transaction, row: Mapping[str, Any]) -> None:
        """Insert a complete row, as `row` made it."""
        self._compiled.run(transaction, **row)


def _parameter(column: Any) -> Any:
    return bindparam(column.name, type_=column.type, required=True)


def _nothing() -> None:
    return None


def _called(function: Callable[[Any], Any]) -> Callable[[], Any]:
    return lambda: function(None)


def _constant(value: Any) -> Callable[[], Any]:
    return lambda: value
