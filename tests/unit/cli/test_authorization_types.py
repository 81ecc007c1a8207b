"""`authserver authorization-types`."""

from __future__ import annotations

import json

from tests.unit.cli.conftest import CommandLine

SCHEMA = json.dumps({"type": "object"})
CREATE = ("authorization-types", "create", "payment", "--name", "Payment", "--words", "Pay {to}", "--schema", "-")


def test_a_type_is_made_shown_listed_and_removed(authserver: CommandLine) -> None:
    made = authserver.json(*CREATE, stdin=SCHEMA)
    assert made == {"type": "payment", "name": "Payment", "words": "Pay {to}", "schema": {"type": "object"}}
    assert authserver.json("authorization-types", "show", "payment") == made
    assert authserver.json("authorization-types", "list") == [made]
    assert "Payment" in authserver("authorization-types", "list")
    assert '{"type":"object"}' in authserver("authorization-types", "show", "payment")
    assert authserver.json("authorization-types", "delete", "payment") == {"type": "payment", "deleted": True}


def test_what_is_no_schema_is_refused(authserver: CommandLine) -> None:
    for text in ("{", "[]"):
        assert authserver.run(*CREATE, stdin=text).exit_code == 2
    assert authserver.refusal(*CREATE, stdin='{"type": "wrong"}')[0] == 1


def test_an_unknown_type_is_said(authserver: CommandLine) -> None:
    for verb in ("show", "delete"):
        assert "no such" in authserver.refusal("authorization-types", verb, "gone")[1]
