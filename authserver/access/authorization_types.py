"""Types of authorization details (RFC 9396 §2): their schema, and how people read what is asked for.

A type is registered with a JSON Schema, which says what its objects may hold,
and with words, a sentence in which `{amount.value}` stands for a member.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from authserver.access.catalog import KIND
from authserver.events.catalog import AuthorizationTypeCreated, AuthorizationTypeDeleted
from authserver.events.event import Event
from authserver.events.outbox import Recorder
from authserver.protocol import json_values
from authserver.protocol.errors import NotFound, ValidationError
from authserver.storage.database import Database
from authserver.storage.models.clients import AuthorizationType
from authserver.storage.unit import Unit

LONGEST_TYPE: Final = 255
LONGEST_WORDS: Final = 500
LARGEST_SCHEMA: Final = 32_768
"""Bytes of the largest schema."""

MEMBER: Final = re.compile(r"\{([A-Za-z0-9_.\-]+)\}")


@dataclass(frozen=True, slots=True)
class TypeMetadata:
    """What is registered of a type. `name` is its title on the consent page."""

    name: str
    words: str
    schema: Mapping[str, Any]


class AuthorizationTypes:
    """Registers and removes types; every change is versioned and recorded."""

    def __init__(self, database: Database, recorder: Recorder) -> None:
        self._database = database
        self._recorder = recorder

    def create(self, type_: str, wanted: TypeMetadata, *, actor_id: str | None = None) -> AuthorizationType:
        """Register a type.

        Raises:
            ValidationError: the name, the words or the schema cannot be accepted; `field` names it.
            ConflictError: the type is taken.
        """
        _check(type_, wanted)
        with self._database.unit() as unit:
            row = unit.authorization_types.add(
                AuthorizationType(type=type_, name=wanted.name, words=wanted.words, schema=dict(wanted.schema))
            )
            self._changed(unit, AuthorizationTypeCreated(details_type=type_, actor_id=actor_id))
            return row

    def delete(self, type_: str, *, actor_id: str | None = None) -> None:
        """Remove a type; nobody can ask for it any more, and tokens that carry it live on. Raises NotFound."""
        with self._database.unit() as unit:
            if not unit.authorization_types.delete(type_):
                raise NotFound("there is no such authorization details type")
            self._changed(unit, AuthorizationTypeDeleted(details_type=type_, actor_id=actor_id))

    def _changed(self, unit: Unit, event: Event) -> None:
        unit.versions.bump(KIND)
        self._recorder.record(unit, event)


def _check(type_: str, wanted: TypeMetadata) -> None:
    if not 0 < len(type_) <= LONGEST_TYPE or not all("\x21" <= char <= "\x7e" for char in type_):
        raise ValidationError(f"a type has 1 to {LONGEST_TYPE} visible ASCII characters", field="type")
    if not wanted.name.strip() or len(wanted.name) > LONGEST_TYPE or not wanted.name.isprintable():
        raise ValidationError(f"a name has 1 to {LONGEST_TYPE} printable characters", field="name")
    if len(wanted.words) > LONGEST_WORDS or not wanted.words.isprintable():
        raise ValidationError(f"the words have at most {LONGEST_WORDS} printable characters", field="words")
    if not json_values.can_be_kept(wanted.schema):
        raise ValidationError(
            f"a schema is at most {json_values.DEEPEST} levels deep, and holds no NUL", field="schema"
        )
    if len(orjson.dumps(wanted.schema)) > LARGEST_SCHEMA:
        raise ValidationError(f"a schema has at most {LARGEST_SCHEMA} bytes", field="schema")
    _check_schema(wanted.schema)


def _check_schema(schema: Mapping[str, Any]) -> None:
    from jsonschema import Draft202012Validator, SchemaError

    if _refers_elsewhere(schema):
        raise ValidationError("a schema refers to itself alone, with #", field="schema")
    try:
        Draft202012Validator.check_schema(dict(schema))
    except SchemaError as error:
        raise ValidationError(f"this is no JSON Schema (2020-12): {error.message}", field="schema") from error


def _refers_elsewhere(value: object) -> bool:
    """Whether a reference leads out of the schema, from where somebody else would decide what is allowed."""
    if isinstance(value, Mapping):
        reference = value.get("$ref", value.get("$dynamicRef", "#"))
        return not str(reference).startswith("#") or any(_refers_elsewhere(item) for item in value.values())
    return isinstance(value, list) and any(_refers_elsewhere(item) for item in value)
