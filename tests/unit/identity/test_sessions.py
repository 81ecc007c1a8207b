from __future__ import annotations

import pytest
import time_machine

from authserver.crypto.handles import Handles
from authserver.crypto.macs import Macs
from authserver.events.catalog import SessionExpired
from authserver.identity.browsers import BrowserRegistry
from authserver.identity.sessions import SessionRegistry, signed_in
from authserver.storage.models.sessions import Session

BROWSERS = BrowserRegistry(Handles(bytes(32)), Macs(bytes(32)), ttl=30 * 86400)


class Flat:
    """One browser, in the household of this package's tests."""

    def __init__(self, house) -> None:
        self.house = house
        self.registry = SessionRegistry(house.settings, house.recorder)
        with house.database.unit() as unit:
            self.browser, _ = BROWSERS.create(unit)

    def sign_in(self, user, *, remembered: bool = False) -> Session:
        with self.house.database.unit() as unit:
            browser, known = unit.browsers.find(self.browser.id), unit.users.get(user.id)
            return self.registry.sign_in(unit, browser, known, ("pwd",), remembered=remembered)

    def people(self) -> list[str]:
        with self.house.database.reading() as unit:
            return [user.username for _, user in signed_in(unit, unit.browsers.find(self.browser.id))]

    def events(self) -> list[str]:
        return [type(event).__name__ for event in self.house.recorder.events]


@pytest.fixture
def flat(house) -> Flat:
    return Flat(house)


def test_first_login_begins_a_session(flat: Flat) -> None:
    session = flat.sign_in(flat.house.add())
    assert (session.acr, session.amr) == ("1", ["pwd"])
    assert flat.people() == ["ada"]
    assert flat.events()[-2:] == ["AuthSessionCreated", "UserLoggedIn"]


def test_second_login_of_the_same_person_keeps_the_session(flat: Flat, frozen_time: time_machine.Traveller) -> None:
    user = flat.house.add()
    first = flat.sign_in(user)
    frozen_time.shift(100)
    second = flat.sign_in(user, remembered=True)
    assert first.id == second.id
    assert (second.auth_time - first.auth_time).total_seconds() == 100
    assert second.remembered
    assert (second.expires_at - second.auth_time).total_seconds() == flat.house.settings.session_max_ttl


def test_another_person_gets_a_session_beside_it(flat: Flat) -> None:
    flat.sign_in(flat.house.add())
    flat.sign_in(flat.house.add("bob@example.com", "bob"))
    assert flat.people() == ["ada", "bob"]


def test_closed_account_is_not_signed_in(flat: Flat) -> None:
    user = flat.house.add()
    flat.sign_in(user)
    with flat.house.database.unit() as unit:
        unit.users.get(user.id).status = "disabled"
    assert flat.people() == []


def test_nobody_is_signed_in_without_a_browser(flat: Flat) -> None:
    with flat.house.database.reading() as unit:
        assert signed_in(unit, None) == ()


def test_signing_out_twice_is_as_good_as_once(flat: Flat) -> None:
    session = flat.sign_in(flat.house.add())
    for _ in range(2):
        with flat.house.database.unit() as unit:
            flat.registry.sign_out(unit, session)
    assert flat.people() == []
    assert flat.events().count("SessionEnded") == 1


def test_every_session_but_one_ends(flat: Flat) -> None:
    user = flat.house.add()
    kept, other = flat.sign_in(user), Flat(flat.house)
    other.sign_in(user)
    with flat.house.database.unit() as unit:
        flat.registry.end_others(unit, user, kept.id, "password_changed")
    assert (flat.people(), other.people()) == (["ada"], [])
    with flat.house.database.unit() as unit:
        flat.registry.end(unit, kept.id, user.id, "administrator")
        flat.registry.end(unit, kept.id, user.id, "administrator")
    assert flat.events().count("SessionEnded") == 2


def test_use_is_noted_at_most_once_a_minute(flat: Flat, frozen_time: time_machine.Traveller) -> None:
    session = flat.sign_in(flat.house.add())
    for seconds, noted in ((59, False), (2, True)):
        frozen_time.shift(seconds)
        with flat.house.database.unit() as unit:
            flat.registry.touch(unit, session)
        with flat.house.database.reading() as unit:
            assert (unit.sessions.find(session.id).last_seen_at > session.auth_time) is noted


def test_session_ends_when_idle_or_old(flat: Flat, frozen_time: time_machine.Traveller) -> None:
    flat.sign_in(flat.house.add(), remembered=True)
    frozen_time.shift(flat.house.settings.session_idle_ttl)
    assert flat.people() == []


@pytest.mark.parametrize(("remembered", "reason"), [(True, "idle"), (False, "absolute")])
def test_an_expired_session_is_told_once_and_not_ended(
    flat: Flat, frozen_time: time_machine.Traveller, remembered: bool, reason: str
) -> None:
    user = flat.house.add()
    session = flat.sign_in(user, remembered=remembered)
    settings = flat.house.settings
    frozen_time.shift((settings.session_idle_ttl if remembered else settings.session_browser_ttl) + 61)
    for _ in range(2):
        with flat.house.database.unit() as unit:
            flat.registry.tell_expired(unit)
    assert flat.house.events(SessionExpired) == [SessionExpired(user_id=user.id, session_id=session.id, reason=reason)]
    with flat.house.database.reading() as unit:
        assert unit.sessions.find(session.id).ended_at is None


def test_a_live_or_ended_session_is_not_told_as_expired(flat: Flat, frozen_time: time_machine.Traveller) -> None:
    session = flat.sign_in(flat.house.add())
    with flat.house.database.unit() as unit:
        assert flat.registry.tell_expired(unit) == 0
        flat.registry.sign_out(unit, session)
    frozen_time.shift(flat.house.settings.session_max_ttl)
    with flat.house.database.unit() as unit:
        assert flat.registry.tell_expired(unit) == 0
