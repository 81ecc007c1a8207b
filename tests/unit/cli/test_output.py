"""How commands print."""

from __future__ import annotations

import pytest

from authserver.cli.output import print_fields, print_table

HOSTILE = "Acme\x1b]0;owned\x07\x9b31m\u202e"


def test_nothing_that_a_terminal_obeys_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    print_fields({"name": HOSTILE, "origins": [HOSTILE], "policy": {"key": HOSTILE}})
    print_table(("name",), [{"name": HOSTILE}])
    printed = capsys.readouterr().out
    assert printed.count("Acme") == 4
    assert printed.replace("\n", "").isprintable()
