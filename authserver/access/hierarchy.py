"""Which scopes come with which: `orders:admin` with `orders:write`, and that with `orders:read`."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from authserver.protocol import scopes as scope_values
from authserver.protocol.errors import ValidationError
from authserver.storage.models.clients import Scope
from authserver.storage.unit import Unit

MOST_IMPLIED = 50
"""Scopes that one scope may name."""


def implied_by(name: str, direct: Mapping[str, Collection[str]]) -> frozenset[str]:
    """Every scope that comes with `name`, as far as it is there; a circle ends where it began.

    Args:
        name: a scope.
        direct: by each scope that is there the ones that it names.
    """
    found: set[str] = set()
    waiting = [name]
    while waiting:
        further = {below for below in direct.get(waiting.pop(), ()) if below in direct} - found - {name}
        found |= further
        waiting += further
    return frozenset(found)


def settle(unit: Unit, scope: Scope, implies: Collection[str]) -> None:
    """Have `scope` bring these scopes with it; nobody else changes scopes at the same time.

    Raises:
        ValidationError: one of them is not there, belongs to something else, or would bring `scope` with it.
    """
    if len(implies) > MOST_IMPLIED:
        raise ValidationError(f"a scope implies at most {MOST_IMPLIED} others", field="implies")
    rows = {row.name: row for row in unit.scopes.all()}
    direct = {name: row.implies for name, row in rows.items()}
    for name in sorted(implies):
        other = rows.get(name)
        if other is None and name not in scope_values.STANDARD:
            raise ValidationError(f"there is no scope {name}; register it first", field="implies")
        if other is None or other.is_standard or other.resource_id != scope.resource_id:
            raise ValidationError(f"{name} does not belong to what {scope.name} belongs to", field="implies")
        if name == scope.name or scope.name in implied_by(name, direct):
            raise ValidationError(f"through {name} the scope {scope.name} would imply itself", field="implies")
    scope.implies = sorted(set(implies))


def forget(unit: Unit, name: str) -> None:
    """Take a scope that goes out of those that named it, so that a later one of its name comes with none."""
    for row in unit.scopes.all():
        if name in row.implies:
            row.implies = [other for other in row.implies if other != name]
