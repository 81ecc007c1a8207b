"""Authorization details of a request (RFC 9396): read, narrowed, and put into words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Protocol

import orjson

from authserver.access.authorization_types import MEMBER
from authserver.access.catalog import AuthorizationTypeEntry, Snapshot
from authserver.protocol import json_values
from authserver.protocol.errors import InvalidAuthorizationDetails

MOST_DETAILS: Final = 20
SHOWN_CHARACTERS: Final = 200
"""Characters of a value that are shown to a person."""

Details = tuple[Mapping[str, Any], ...]


class DetailedClient(Protocol):
    """What is asked of a client here."""

    @property
    def id(self) -> str: ...
    @property
    def authorization_details_types(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Described:
    """One object in words: the name of its type, a sentence, and the members that the sentence leaves out."""

    name: str
    words: str
    members: tuple[tuple[str, str], ...]


def parse(text: str, client: DetailedClient, snapshot: Snapshot) -> Details:
    """The objects that a request asks for, each of a type that is known and this client's to ask for.

    Raises:
        InvalidAuthorizationDetails: they are malformed, of another type, or not what the type's schema allows.
    """
    details = _objects(text)
    check(details, client, snapshot)
    return details


def check(details: Iterable[Mapping[str, Any]], client: DetailedClient, snapshot: Snapshot) -> None:
    """See that objects are still such as the client may ask for, where time has passed since it asked.

    Raises:
        InvalidAuthorizationDetails: a type is gone, not the client's any more, or has another schema now.
    """
    for detail in details:
        _check(detail, client, snapshot)


def narrowed(text: str | None, granted: Details) -> Details:
    """What of `granted` a token request asks for: all of it, or some of its objects as they are (RFC 9396 §6.1).

    An object that was granted once is had once, and as it was granted: JSON has values that only compare as equal.

    Raises:
        InvalidAuthorizationDetails: something was not granted.
    """
    if text is None:
        return granted
    left, found = list(granted), list[Mapping[str, Any]]()
    for detail in _objects(text):
        if detail not in left:
            raise InvalidAuthorizationDetails(
                "authorization_details asks for what was not granted.",
                reason="details_not_granted",
                spec="RFC 9396 §6.1",
            )
        found.append(left.pop(left.index(detail)))
    return tuple(found)


def descriptions(details: Iterable[Mapping[str, Any]] | None, snapshot: Snapshot) -> tuple[Described, ...]:
    """Objects as people read them, in their order."""
    return tuple(described(detail, snapshot) for detail in details or ())


def described(detail: Mapping[str, Any], snapshot: Snapshot) -> Described:
    """An object as people read it."""
    entry = snapshot.authorization_types.get(str(detail.get("type")))
    if entry is None:
        return Described(str(detail.get("type")), "", _members(detail, frozenset()))
    told = frozenset(name.partition(".")[0] for name in MEMBER.findall(entry.words))
    words = MEMBER.sub(lambda match: _shown(_at(detail, match[1])), entry.words)
    return Described(entry.name, words, _members(detail, told))


def _objects(text: str) -> Details:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _malformed("authorization_details is not JSON.") from error
    if not isinstance(found, list) or not found or not all(isinstance(item, dict) for item in found):
        raise _malformed("authorization_details takes a JSON array of objects.")
    if len(found) > MOST_DETAILS:
        raise _malformed(f"authorization_details may have {MOST_DETAILS} objects.")
    if not json_values.can_be_kept(found):
        raise _malformed(f"authorization_details may be {json_values.DEEPEST} levels deep, and hold no NUL.")
    return tuple(found)


def _check(detail: Mapping[str, Any], client: DetailedClient, snapshot: Snapshot) -> None:
    type_ = detail.get("type")
    entry = snapshot.authorization_types.get(type_) if isinstance(type_, str) else None
    if entry is None:
        raise InvalidAuthorizationDetails(
            "A type of authorization details is not known here.", reason="details_type_unknown", spec="RFC 9396 §5"
        )
    if entry.type not in client.authorization_details_types:
        raise InvalidAuthorizationDetails(
            "The application may not ask for authorization details of this type.",
            reason="details_type_not_allowed",
            spec="RFC 9396 §5",
            setting=f"client {client.id}: authorization_details_types",
        )
    problem = _problem(entry, detail)
    if problem is not None:
        raise InvalidAuthorizationDetails(
            "The authorization details are not what their type allows.",
            reason="details_against_schema",
            spec="RFC 9396 §5",
            details={"type": entry.type, "problem": problem},
        )


def _problem(entry: AuthorizationTypeEntry, detail: Mapping[str, Any]) -> str | None:
    error = next(iter(_validator(entry).iter_errors(dict(detail))), None)
    return None if error is None else f"{error.json_path}: {error.message}"[:500]


@lru_cache(maxsize=256)
def _validator(entry: AuthorizationTypeEntry) -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(orjson.loads(entry.schema))


def _members(detail: Mapping[str, Any], told: frozenset[str]) -> tuple[tuple[str, str], ...]:
    return tuple((name, _shown(value)) for name, value in detail.items() if name != "type" and name not in told)


def _at(detail: Mapping[str, Any], path: str) -> object:
    value: object = detail
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _shown(value: object) -> str:
    """A value in one line: text as it is, a list with commas, anything else as JSON; an absent one is a dash."""
    if value is None:
        return "\N{EN DASH}"
    if isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(item, str) for item in value):
        text = ", ".join(value)
    else:
        text = value if isinstance(value, str) else orjson.dumps(value).decode()
    visible = "".join(char if char.isprintable() else " " for char in text)
    return visible if len(visible) <= SHOWN_CHARACTERS else visible[:SHOWN_CHARACTERS] + "\N{HORIZONTAL ELLIPSIS}"


def _malformed(description: str) -> InvalidAuthorizationDetails:
    return InvalidAuthorizationDetails(description, reason="details_malformed", spec="RFC 9396 §2")
