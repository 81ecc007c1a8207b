"""What is written about the command line is what the commands say."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from authserver.cli import documentation
from authserver.cli.group import COMMANDS, cli

ROOT = Path(documentation.__file__).parents[2]


def commands(parent: click.Group, path: str = "authserver") -> list[str]:
    """The command lines that do something."""
    context = click.Context(parent)
    found: list[str] = []
    for name in parent.list_commands(context):
        command = parent.get_command(context, name)
        inside = commands(command, f"{path} {name}") if isinstance(command, click.Group) else [f"{path} {name}"]
        found += inside
    return found


def test_the_file_is_current() -> None:
    written = (ROOT / documentation.PAGE).read_text(encoding="utf-8")
    assert written == documentation.page(), "run: python -m authserver.cli.documentation"


@pytest.mark.parametrize("command", commands(cli))
def test_every_command_is_described(command: str) -> None:
    assert f" `{command}`\n" in documentation.page()


def test_every_option_says_what_it_is_for() -> None:
    silent = [line for line in documentation.page().splitlines() if line.startswith("| `--") and line.endswith("|  |")]
    assert silent == []


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_named_in_the_readme(command: str) -> None:
    assert f"`{command}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_it_is_written_where_it_is_wanted(tmp_path: Path) -> None:
    documentation.write(tmp_path)
    assert (tmp_path / documentation.PAGE).read_text(encoding="utf-8") == documentation.page()
