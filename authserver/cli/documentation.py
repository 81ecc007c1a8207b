"""Writes `docs/cli.md` from the commands themselves: `python -m authserver.cli.documentation`.

A test compares the file with what this module would write.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path

import click

from authserver.cli.group import cli

PAGE = Path("docs/cli.md")
PROGRAM = "authserver"

INTRODUCTION = """\
# Command line

Generated from the commands by `python -m authserver.cli.documentation`.

`authserver` works on the installation that the settings describe ([configuration](configuration.md)): the same
environment, `authserver.toml` and working directory as the server's. Commands change the database directly, so they
work with and without a running server, which sees a change within a second.

* **Output.** Lines for people, or with `--json` one JSON value with the field names of the standards (RFC 7591,
  RFC 7662, OpenID Connect); times in it are seconds since 1970. Secrets and one-time passwords are printed once, when
  they are made.
* **Errors.** One line on standard error. Exit code 1 is a refusal, 2 wrong usage, 130 an interruption.
* **Standard input.** Values read from it lose one trailing newline.
* **Lists.** An option marked *repeatable* may be given several times (`--grant a --grant b`); those of `clients` and
  `resources` also take several values in a row (`--grant a b`).
"""


def page() -> str:
    """The text of `docs/cli.md`."""
    root = click.Context(cli, info_name=PROGRAM)
    parts = [INTRODUCTION]
    for name in cli.list_commands(root):
        command = cli.get_command(root, name)
        if command is not None:
            parts.extend(_sections(root, name, command, level=2))
    return "\n".join(parts).rstrip() + "\n"


def _sections(parent: click.Context, name: str, command: click.Command, level: int) -> Iterator[str]:
    """The section of a command, and those of its subcommands."""
    context = click.Context(command, info_name=name, parent=parent)
    yield f"{'#' * level} `{context.command_path}`\n"
    yield _prose(command.help or "") + "\n"
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            if found is not None:
                yield from _sections(context, child, found, level + 1)
        return
    yield f"```text\n{_usage(context, command)}\n```\n"
    rows = [row for parameter in command.params if (row := _row(parameter))]
    if rows:
        yield "| option | meaning |\n| --- | --- |\n" + "\n".join(rows) + "\n"


def _prose(text: str) -> str:
    return cleandoc(text).replace("\b\n", "")


def _usage(context: click.Context, command: click.Command) -> str:
    return " ".join([context.command_path, *command.collect_usage_pieces(context)])


def _row(parameter: click.Parameter) -> str | None:
    """A row of the table of options; arguments stand in the usage line."""
    if not isinstance(parameter, click.Option) or parameter.hidden:
        return None
    names = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
    value = "" if parameter.is_flag else f" {_value(parameter)}"
    notes = [word for word, holds in (("required", parameter.required), ("repeatable", parameter.multiple)) if holds]
    meaning = " ".join(filter(None, (parameter.help or "", f"*{', '.join(notes)}*" if notes else "")))
    return f"| {names}{value} | {meaning} |"


def _value(option: click.Option) -> str:
    if isinstance(option.type, click.Choice):
        return " \\| ".join(f"`{choice}`" for choice in option.type.choices)
    if isinstance(option.type, click.IntRange):
        bounds = (option.type.min, option.type.max)
        return " to ".join(str(bound) for bound in bounds if bound is not None) if None not in bounds else "NUMBER"
    return (option.metavar or option.type.name.upper().replace(" ", "_")).replace("|", "\\|")


def write(directory: Path) -> None:
    """Write the file below `directory`."""
    (directory / PAGE).parent.mkdir(exist_ok=True)
    (directory / PAGE).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
