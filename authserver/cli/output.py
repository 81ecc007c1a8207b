"""How commands print: one JSON value with `--json`, else lines for people."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import click
import orjson

from authserver.protocol import validity
from authserver.protocol.characters import visible

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def json_option(command: Decorated) -> Decorated:
    """Give a command `--json`, which it receives as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON with the field names of the standards.")(
        command
    )


def print_json(value: Any) -> None:
    """Print one JSON value; moments become seconds since 1970, as in the standards."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_PASSTHROUGH_DATETIME
    click.echo(orjson.dumps(value, default=_plain, option=options).decode())


def print_fields(values: Mapping[str, Any]) -> None:
    """Print what has a value, one line each."""
    shown = {name: _text(value) for name, value in values.items() if value not in (None, "", [], {}, ())}
    width = max(map(len, shown), default=0)
    for name, text in shown.items():
        click.echo(f"{name:<{width}}  {text}")


def print_table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Print rows under a heading, columns aligned."""
    cells = [[_text(row.get(column)) for column in columns] for row in rows]
    widths = [max(len(line[index]) for line in [list(columns), *cells]) for index in range(len(columns))]
    for line in [[column.upper() for column in columns], *cells]:
        click.echo("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def read_secret() -> str:
    """A secret from standard input, without its one trailing newline.

    Raises:
        UsageError: there is nothing to read, or it is not text.
    """
    try:
        text = sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise click.UsageError("standard input is not UTF-8 text") from error
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        raise click.UsageError("standard input is empty")
    return text


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return validity.epoch(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return str(value)


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S UTC")
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={_text(item)}" for name, item in value.items()) or "-"
    if isinstance(value, (list, tuple, set, frozenset)):
        return " ".join(_text(item) for item in value) or "-"
    return visible(str(value))
