"""The catalogue is closed, complete and survives being taken apart."""

from __future__ import annotations

import re
from dataclasses import MISSING, fields
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authserver.events import administration, catalog, issuance, people
from authserver.events.event import Event, canonical, field_names, open_values, personal_values

NAMED_BY_REQUIREMENT = [
    "UserLoggedIn",
    "UserLoginFailed",
    "UserLogout",
    "UserCreated",
    "OrganizationCreated",
    "UserRoleCreated",
    "SessionExpired",
    "UserAccountLocked",
    "SuspiciousActivityDetected",
    "UserPasswordChanged",
    "TokenRefreshed",
    "RefreshTokenRevoked",
    "OrganizationSignupCompleted",
    "AuthSessionCreated",
]
ABSTRACT = {"Event", "ClientEvent", "InitialAccessTokenEvent", "SigningKeyEvent"}


def sample(kind: type[Event], text: str = "x") -> Event:
    """An event with every field set."""
    values: dict[str, Any] = {}
    hints = get_type_hints(kind)
    for field in fields(kind):
        hint = str(hints[field.name])
        values[field.name] = (text,) if "tuple" in hint else True if "bool" in hint else 7 if "int" in hint else text
    return kind(**values)


@pytest.mark.parametrize("name", NAMED_BY_REQUIREMENT)
def test_required_event_types_are_in_both_unions(name: str) -> None:
    assert getattr(catalog, name) in get_args(catalog.EventPayload)
    assert getattr(catalog, name) in get_args(catalog.AuditEventPayload)


def test_every_event_class_is_in_the_catalogue_and_exported() -> None:
    defined = {
        name
        for module in (people, issuance, administration)
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, Event) and name not in ABSTRACT
    }
    assert set(catalog.TYPES) == defined
    assert defined <= set(catalog.__all__)


def test_second_names_are_the_same_events() -> None:
    assert catalog.UserRegistered is catalog.UserCreated
    assert catalog.PasswordChanged is catalog.UserPasswordChanged
    assert catalog.RefreshTokenRotated is catalog.TokenRefreshed


@pytest.mark.parametrize("kind", catalog.TYPES.values(), ids=catalog.TYPES)
def test_an_event_survives_being_taken_apart(kind: type[Event]) -> None:
    event = sample(kind)
    assert catalog.event_from(event.type, open_values(event), personal_values(event)) == event


@pytest.mark.parametrize("kind", catalog.TYPES.values(), ids=catalog.TYPES)
def test_a_target_is_a_field(kind: type[Event]) -> None:
    assert kind.TARGET in {field.name for field in fields(kind)}
    assert sample(kind).target == "x"


@pytest.mark.parametrize("kind", catalog.TYPES.values(), ids=catalog.TYPES)
def test_contacts_never_reach_the_open_record(kind: type[Event]) -> None:
    contacts = {
        name for name in field_names(kind)[0] if re.fullmatch(r"e?mail|username|identifier|phone|address", name)
    }
    assert not contacts


@given(st.text())
def test_any_text_round_trips_through_the_record(text: str) -> None:
    event = catalog.UserLoginFailed(reason=text, identifier=text or None)
    assert catalog.event_from(event.type, open_values(event), personal_values(event)) == event
    assert canonical(open_values(event)) == canonical(dict(reversed(open_values(event).items())))


def test_lone_surrogates_do_not_keep_an_event_from_being_recorded() -> None:
    assert canonical({"a": ["\ud800"], "b": 1}) == b'{"a":["?"],"b":1}'


def test_fields_of_a_later_version_are_passed_over() -> None:
    event = catalog.event_from("UserEnabled", {"user_id": "u", "unheard_of": 1}, {})
    assert event == catalog.UserEnabled(user_id="u")


def test_events_outside_the_catalogue_cannot_be_read() -> None:
    with pytest.raises(KeyError):
        catalog.event_from("UserTeleported", {}, {})


def test_the_actor_is_who_acted() -> None:
    assert catalog.UserDisabled(user_id="victim", actor_id="admin").actor == "admin"
    assert catalog.UserLoggedIn(user_id="u", client_id="c").actor == "u"
    assert catalog.ClientTokenIssued(client_id="c", token_id="t").actor == "c"


def test_required_fields_come_without_defaults() -> None:
    required = {field.name for field in fields(catalog.UserLoginFailed) if field.default is MISSING}
    assert required == {"reason"}
