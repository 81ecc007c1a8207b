"""Every event of the catalogue is produced somewhere, or says that it is not yet."""

from __future__ import annotations

import ast

from authserver.events.catalog import TYPES, VOCABULARY
from tests.architecture.product import modules

DEFINED_IN = "authserver/events/"
PRODUCED_IN_EVENTS = ("authserver/events/refusals.py", "authserver/events/tallies.py")


def _named() -> set[str]:
    """The names that the product's modules use, besides those that define or count events."""
    found: set[str] = set()
    for module in modules():
        if not module.path.startswith(DEFINED_IN) or module.path in PRODUCED_IN_EVENTS:
            found |= {node.id for node in ast.walk(module.tree) if isinstance(node, ast.Name)}
    return found


def test_every_event_is_produced_or_marked_as_vocabulary() -> None:
    assert set(TYPES) - _named() == {kind.__name__ for kind in VOCABULARY}
