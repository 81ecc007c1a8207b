"""Client metadata in the words of the wire: JSON objects with the names of the IANA registry (RFC 7591 §4.1).

The one place where registration, metadata documents and the command line turn
such an object into `ClientMetadata` and back. Types are checked here, meanings
by `metadata.validated`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from types import MappingProxyType
from typing import Any, Final

from authserver.clients.extensions import NONE, Extensions
from authserver.clients.metadata import MOST_ITEMS, ClientMetadata
from authserver.protocol.errors import ValidationError

LONGEST_TEXT: Final = 2048
LONGEST_STATEMENT: Final = 16_384
LARGEST_NUMBER: Final = 2**31 - 1

LOCALIZED: Final = ("client_name", "client_uri", "logo_uri", "policy_uri", "tos_uri")
"""Members that may come once more for each language (RFC 7591 §2.2)."""
_TAGGED: Final = re.compile(rf"(?:{'|'.join(LOCALIZED)})#[A-Za-z]{{2,8}}(?:-[A-Za-z0-9]{{1,8}})*")

_Reader = Callable[[str, Any], Any]


@dataclass(frozen=True, slots=True)
class _Member:
    field: str
    read: _Reader
    write: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Given:
    """What an object gives: fields of `ClientMetadata` and, apart, members of its `Extensions`."""

    columns: Mapping[str, Any]
    extended: Mapping[str, Any]

    def onto(self, before: Extensions = NONE) -> dict[str, Any]:
        """The changes of `ClientMetadata`, with these members in place of those of `before`."""
        return {**self.columns, "extensions": replace(before, **self.extended)} if self.extended else {**self.columns}


def read(document: Mapping[str, Any]) -> Given:
    """What `document` gives; null stands for the default. Names that are not known are passed over (RFC 7591 §2).

    Raises:
        ValidationError: a member is of another type than its specification says; `field` names it.
    """
    columns = {
        member.field: _default(member.field) if document[name] is None else member.read(name, document[name])
        for name, member in _COLUMNS.items()
        if name in document
    }
    extended = {
        name: getattr(NONE, name) if document[name] is None else reader(name, document[name])
        for name, reader in _EXTENDED.items()
        if name in document
    }
    tagged = {name: _text(name, document[name]) for name in document if _TAGGED.fullmatch(name)}
    if tagged:
        extended["localized"] = MappingProxyType(tagged)
    return Given(columns, extended)


def write(metadata: ClientMetadata) -> dict[str, Any]:
    """All that is registered, as an object that `read` understands."""
    document = {name: member.write(getattr(metadata, member.field)) for name, member in _COLUMNS.items()}
    document["response_types"] = list(metadata.allowed_response_types)
    extended = metadata.extensions.to_document()
    document |= extended.pop("localized", {})
    document |= {"subject_type": metadata.extensions.subject_type, **extended}
    return {name: value for name, value in document.items() if name in _ALWAYS or value not in (None, [], "")}


def unknown(document: Mapping[str, Any]) -> list[str]:
    """The names in `document` that are not registered ones, in order."""
    return [name for name in document if name not in NAMES and _TAGGED.fullmatch(name) is None]


def _text(name: str, value: Any) -> str:
    limit = LONGEST_STATEMENT if name == "software_statement" else LONGEST_TEXT
    if not isinstance(value, str) or not 0 < len(value) <= limit or not value.isprintable():
        raise ValidationError(f"{name} takes a text of 1 to {limit} printable characters", field=name)
    return value


def _texts(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MOST_ITEMS:
        raise ValidationError(f"{name} takes an array of at most {MOST_ITEMS} texts", field=name)
    return tuple(_text(name, item) for item in value)


def _words(name: str, value: Any) -> frozenset[str]:
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise ValidationError(f"{name} takes words separated by spaces", field=name)
    return frozenset(value.split())


def _response_types(name: str, value: Any) -> tuple[str, ...]:
    """In the one order of their words that we know them by; any order means the same (Multiple Response Types §3)."""
    return tuple(" ".join(sorted(text.split())) for text in _texts(name, value))


def _object(name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValidationError(f"{name} takes an object", field=name)
    return value


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValidationError(f"{name} takes true or false", field=name)
    return value


def _number(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_NUMBER:
        raise ValidationError(f"{name} takes a whole number from 0 to {LARGEST_NUMBER}", field=name)
    return value


def _same(value: Any) -> Any:
    return value


_COLUMNS: Final[Mapping[str, _Member]] = MappingProxyType(
    {
        "client_name": _Member("name", _text, _same),
        "application_type": _Member("application_type", _text, _same),
        "redirect_uris": _Member("redirect_uris", _texts, list),
        "grant_types": _Member("grant_types", _texts, list),
        "response_types": _Member("response_types", _response_types, _same),
        "token_endpoint_auth_method": _Member("token_endpoint_auth_method", _text, _same),
        "scope": _Member("scopes", _words, lambda scopes: " ".join(sorted(scopes))),
        "contacts": _Member("contacts", _texts, list),
        "client_uri": _Member("client_uri", _text, _same),
        "logo_uri": _Member("logo_uri", _text, _same),
        "policy_uri": _Member("policy_uri", _text, _same),
        "tos_uri": _Member("tos_uri", _text, _same),
        "jwks": _Member("jwks", _object, lambda keys: None if keys is None else dict(keys)),
        "jwks_uri": _Member("jwks_uri", _text, _same),
        "post_logout_redirect_uris": _Member("post_logout_redirect_uris", _texts, list),
    }
)

FIELDS: Final = tuple(member.field for member in _COLUMNS.values())
"""The fields of `ClientMetadata` that have a name on the wire, extensions apart."""

_READERS: Final[Mapping[str, _Reader]] = MappingProxyType(
    {"str": _text, "str | None": _text, "bool": _flag, "int | None": _number, "tuple[str, ...]": _texts}
)
"""How a member is read, by the type it has among the extensions."""

_EXTENDED: Final[Mapping[str, _Reader]] = MappingProxyType(
    {member.name: _READERS[str(member.type)] for member in fields(Extensions) if member.name != "localized"}
)

NAMES: Final = frozenset(_COLUMNS) | frozenset(_EXTENDED)
"""Every name that means something here."""

_ALWAYS: Final = frozenset({"grant_types", "response_types", "token_endpoint_auth_method"})
"""Members that are told even where they are empty, because leaving them out means something else."""


def _default(name: str) -> Any:
    field = next(field for field in fields(ClientMetadata) if field.name == name)
    if field.default is not MISSING:
        return field.default
    if field.default_factory is not MISSING:
        return field.default_factory()
    raise ValidationError(f"{name} cannot be taken away", field=name)
