"""Statements compiled once and handed to the driver as text.

The ORM costs a tenth of a millisecond for a statement, most of it in building
an expression that never changes. Where every token depends on it, a statement
is compiled at first use, for each dialect, and runs on the driver's connection
of the unit's own transaction. Values pass the conversions of their column's type.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import (
    LABEL_STYLE_TABLENAME_PLUS_COL,
    ColumnElement,
    Dialect,
    Executable,
    Select,
    Table,
    bindparam,
    select,
)

from authserver.storage import conversions
from authserver.storage.columns import Base
from authserver.storage.frozen import frozen
from authserver.storage.transaction import Transaction

Row = tuple[Any, ...]
Entity = TypeVar("Entity", bound=Base)
Other = TypeVar("Other", bound=Base)


class _ForDialect:
    """One statement as one driver takes it."""

    def __init__(self, statement: Executable, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
        self.sql = str(compiled)
        self.positions: tuple[str, ...] | None = tuple(compiled.positiontup) if compiled.positional else None
        self.fixed = {name: bind.effective_value for name, bind in compiled.binds.items() if not bind.required}
        binders = ((name, conversions.binder(bind.type, dialect)) for name, bind in compiled.binds.items())
        self.binders = tuple((name, convert) for name, convert in binders if convert is not None)
        self.readers = _readers(statement, dialect)

    def parameters(self, values: dict[str, Any]) -> Any:
        """What the driver takes. `values` belongs to the caller's statement alone and is filled up."""
        if self.fixed:
            values |= self.fixed
        for name, convert in self.binders:
            value = values[name]
            if value is not None:
                values[name] = convert(value)
        return values if self.positions is None else [values[name] for name in self.positions]

    def read(self, row: Row) -> Row:
        if not self.readers:
            return row
        values = list(row)
        for index, convert in self.readers:
            value = values[index]
            if value is not None:
                values[index] = convert(value)
        return tuple(values)


def _readers(statement: Executable, dialect: Dialect) -> tuple[tuple[int, conversions.Conversion], ...]:
    if not isinstance(statement, Select):
        return ()
    readers = (
        (index, conversions.reader(column.type, dialect)) for index, column in enumerate(statement.selected_columns)
    )
    return tuple((index, convert) for index, convert in readers if convert is not None)


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

    def later(self, transaction: Transaction, **values: Any) -> None:
        """Run a write whose outcome nobody asks for: it is sent with the next statement, at the latest with COMMIT."""
        prepared = self._prepared(transaction.dialect)
        transaction.execute_later(prepared.sql, prepared.parameters(values))

    def _execute(self, transaction: Transaction, values: dict[str, Any]) -> tuple[_ForDialect, Any]:
        prepared = self._prepared(transaction.dialect)
        return prepared, transaction.execute(prepared.sql, prepared.parameters(values))

    def _prepared(self, dialect: Dialect) -> _ForDialect:
        prepared = self._by_dialect.get(dialect.name)
        if prepared is None:
            prepared = self._by_dialect[dialect.name] = _ForDialect(self._statement, dialect)
        return prepared


class CompiledFind(Generic[Entity]):
    """Finds whole rows of one table, as values (`storage.frozen`): what is assigned to one is refused."""

    def __init__(self, model: type[Entity], *conditions: ColumnElement[bool]) -> None:
        self._made = frozen(model)
        self._compiled = Compiled(select(cast("Table", model.__table__)).where(*conditions))

    def first(self, transaction: Transaction, **values: Any) -> Entity | None:
        """The first that is found, or None."""
        row = self._compiled.first(transaction, **values)
        return None if row is None else self._made.of_row(row)


class CompiledJoin(Generic[Entity, Other]):
    """Finds rows of two tables that belong together, as values."""

    def __init__(
        self, models: tuple[type[Entity], type[Other]], *conditions: ColumnElement[bool], order: Sequence[Any] = ()
    ) -> None:
        self._one, self._other = frozen(models[0]), frozen(models[1])
        tables = [cast("Table", model.__table__) for model in models]
        self._width = len(tables[0].columns)
        statement = select(*tables).where(*conditions).order_by(*order)
        self._compiled = Compiled(statement.set_label_style(LABEL_STYLE_TABLENAME_PLUS_COL))

    def all(self, transaction: Transaction, **values: Any) -> list[tuple[Entity, Other]]:
        """Every pair."""
        width = self._width
        rows = self._compiled.all(transaction, **values)
        return [(self._one.of_row(row[:width]), self._other.of_row(row[width:])) for row in rows]


class CompiledInsert(Generic[Entity]):
    """Inserts whole rows of one table."""

    def __init__(self, model: type[Entity]) -> None:
        table = cast("Table", model.__table__)
        self._made = frozen(model)
        self._names = tuple(column.name for column in table.columns)
        self._compiled = Compiled(table.insert().values({column.name: _parameter(column) for column in table.columns}))

    def run(self, transaction: Transaction, entity: Entity) -> Entity:
        """Insert a value (`storage.frozen`), or an entity with the defaults that it lacks; what was inserted.

        It is sent together with whatever is sent next.
        """
        row = entity if isinstance(entity, tuple) else self._made.new(**vars(entity))
        values = dict(zip(self._names, cast("Row", row), strict=True))
        self._compiled.later(transaction, **values)
        return row


def _parameter(column: Any) -> Any:
    return bindparam(column.name, type_=column.type, required=True)
