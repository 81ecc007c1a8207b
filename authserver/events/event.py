"""The base of every event, and its canonical form.

An event is a frozen value. What identifies rows goes into the open record,
which is hashed and kept for good; what identifies a person (`Personal` fields)
goes into a sealed part of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated, Any, ClassVar, Final, Literal, get_type_hints

import orjson

PERSONAL: Final = "personal"
Personal = Annotated[str | None, PERSONAL]
"""A text that names or describes a person; never part of the open record."""

Outcome = Literal["success", "failure"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened. Subclasses are named in the past tense.

    Every id is optional, because not every event has a session or a client.
    """

    OUTCOME: ClassVar[Outcome] = "success"
    TARGET: ClassVar[str] = "user_id"
    VERSION: ClassVar[int] = 1

    user_id: str | None = None
    """The person whom the event concerns."""
    actor_id: str | None = None
    """The user who acted, where that is not `user_id` (an administrator)."""
    client_id: str | None = None
    session_id: str | None = None
    grant_id: str | None = None
    organization_id: str | None = None
    device_id: str | None = None
    """The browser or device that was used."""
    risk_score: int | None = None
    """0 to 100, where the risk engine has judged the request."""

    @property
    def type(self) -> str:
        """The name of the event, as subscribers and the audit log see it."""
        return self.__class__.__name__

    @property
    def target(self) -> str | None:
        """The id of what was acted upon."""
        value = getattr(self, self.TARGET)
        return value if isinstance(value, str) else None

    @property
    def actor(self) -> str | None:
        """Who acted: the acting user, else the person concerned, else the client."""
        return self.actor_id or self.user_id or self.client_id


def field_names(kind: type[Event]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The open and the personal fields of an event class, each in order of declaration."""
    found = _FIELD_NAMES.get(kind)
    if found is None:
        hints = get_type_hints(kind, include_extras=True)
        names = [field.name for field in fields(kind)]
        personal = tuple(name for name in names if PERSONAL in getattr(hints[name], "__metadata__", ()))
        found = _FIELD_NAMES[kind] = (tuple(name for name in names if name not in personal), personal)
    return found


_FIELD_NAMES: dict[type[Event], tuple[tuple[str, ...], tuple[str, ...]]] = {}


def open_values(event: Event) -> dict[str, Any]:
    """The fields that may be kept for good, absent ones left out."""
    return {name: value for name in field_names(type(event))[0] if (value := getattr(event, name)) is not None}


def personal_values(event: Event) -> dict[str, str]:
    """The fields that are sealed, absent ones left out."""
    return {name: value for name in field_names(type(event))[1] if (value := getattr(event, name)) is not None}


def canonical(value: Any) -> bytes:
    """The one JSON form of a value: keys sorted, no spaces, UTF-8. Hashes are taken over it."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return orjson.dumps(_encodable(value), option=orjson.OPT_SORT_KEYS)


def _encodable(value: Any) -> Any:
    """`value` with lone surrogates replaced: no input may keep an event from being recorded."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_encodable(key): _encodable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_encodable(item) for item in value]
    return value
