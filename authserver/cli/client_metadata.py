"""Client metadata from a JSON document, in the words of the registry, for `authserver clients`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import orjson

from authserver.clients import wire
from authserver.clients.extensions import NONE, Extensions

STANDARD_INPUT = "-"

metadata_option = click.option(
    "--metadata",
    metavar="FILE",
    help="A JSON object of registered metadata (RFC 7591), or - for standard input; options win.",
)
response_type_option = click.option(
    "--response-type", "response_types", multiple=True, metavar="TYPE", help="What it may ask for, where not code."
)


def changes_of(source: str | None, before: Extensions = NONE) -> dict[str, Any]:
    """The fields of `ClientMetadata` that the document gives; null gives a member its default.

    Raises:
        click.UsageError: it cannot be read, or has a name that is not registered.
        ValidationError: a member is of the wrong type.
    """
    if source is None:
        return {}
    document = _document(source)
    strange = wire.unknown(document)
    if strange:
        raise click.UsageError(f"not known as client metadata: {', '.join(strange)}")
    return wire.read(document).onto(before)


def normal_response_types(given: tuple[str, ...]) -> dict[str, Any]:
    """The change that `--response-type` asks for, if it was given; an empty value takes the choice back."""
    if not given:
        return {}
    chosen = tuple(" ".join(sorted(text.split())) for text in given if text.strip())
    return {"response_types": chosen or None}


def _document(source: str) -> Mapping[str, Any]:
    try:
        text = sys.stdin.buffer.read() if source == STANDARD_INPUT else Path(source).read_bytes()
        document = orjson.loads(text)
    except OSError as error:
        raise click.UsageError(f"{source}: {error.strerror}") from error
    except ValueError as error:
        raise click.UsageError(f"{source} is not JSON") from error
    if not isinstance(document, dict):
        raise click.UsageError(f"{source} is not a JSON object")
    return document
