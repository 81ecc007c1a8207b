"""Wrong passwords: the same words for everybody, then a wait, then a lock; and none of it is rolled back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import time_machine

from tests.conftest import NOON
from tests.installation import Answer, Installation
from tests.outbox import recorded
from tests.relying_party import Browser, RelyingParty

WRONG = "Wrong-Horse-7-Battery"
CLOSED = ("Your account has been deleted and access is denied.", "Your account is disabled")


@pytest.fixture
def relying_party(frozen_time: time_machine.Traveller, make_server: Callable[..., Installation]) -> RelyingParty:
    server = make_server()
    server.add_user()
    return RelyingParty(server, *server.add_client())


def fail(party: RelyingParty, times: int, clock: time_machine.Traveller, name: str = "alice") -> list[Answer]:
    """Fail `times`, waiting as long as one is told to between."""
    browser, answers = Browser(party.installation), []
    page = party.request(browser)
    for _ in range(times):
        page = browser.sign_in(page, name, WRONG)
        answers.append(page)
        if page.status == 401:
            clock.shift(10)
    return answers


@pytest.mark.parametrize("name", ["alice", "nobody"])
def test_wrong_password_and_unknown_name_get_the_same_words(relying_party: RelyingParty, name: str) -> None:
    browser = Browser(relying_party.installation)
    page = browser.sign_in(relying_party.request(browser), name, WRONG)
    assert page.status == 401
    assert "That did not match" in page.text
    assert f'value="{name}"' in page.text
    assert WRONG not in page.text


@pytest.mark.parametrize("change", [{"status": "disabled"}, {"is_active": False}, {"deleted_at": NOON}])
def test_only_the_right_password_learns_that_the_account_is_closed(
    relying_party: RelyingParty, frozen_time: time_machine.Traveller, change: dict[str, object]
) -> None:
    server, browser = relying_party.installation, Browser(relying_party.installation)
    with server.unit() as unit:
        user = unit.users.get(server.users["alice"].id)
        for name, value in change.items():
            setattr(user, name, value)
    page = browser.sign_in(relying_party.request(browser), "alice", WRONG)
    assert (page.status, "That did not match" in page.text) == (401, True)
    assert not any(words in page.text for words in CLOSED)
    frozen_time.shift(10)
    page = browser.sign_in(page)
    assert page.status == 401
    assert CLOSED["status" in change] in page.text
    assert "That did not match" not in page.text
    assert recorded(server, "UserLoggedIn") == []


@pytest.mark.parametrize(("username", "password"), [("", "x"), ("  ", "x"), ("alice", "")])
def test_empty_fields_are_named_and_count_for_nothing(
    relying_party: RelyingParty, username: str, password: str
) -> None:
    browser = Browser(relying_party.installation)
    page = relying_party.request(browser)
    for _ in range(12):
        page = browser.sign_in(page, username, password)
        assert page.status == 400
        assert "Enter your" in page.text
    assert browser.sign_in(page).status == 200


@pytest.mark.parametrize(
    ("username", "password", "limit"),
    [("a" * 300, "x", "254"), ("alice", "p" * 2000, "1024")],
    ids=["name", "password"],
)
def test_overlong_field_is_refused_with_its_limit_and_not_hashed(
    relying_party: RelyingParty, username: str, password: str, limit: str
) -> None:
    browser, hasher = Browser(relying_party.installation), relying_party.installation.services.crypto.hasher
    before = hasher.hashes
    page = browser.sign_in(relying_party.request(browser), username, password)
    assert (page.status, hasher.hashes) == (400, before)
    assert limit in page.text


@pytest.mark.parametrize("name", ["alice", "nobody"])
def test_third_failure_makes_the_next_attempt_wait(relying_party: RelyingParty, name: str) -> None:
    browser = Browser(relying_party.installation)
    page = relying_party.request(browser)
    for _ in range(3):
        page = browser.sign_in(page, name, WRONG)
    page = browser.sign_in(page, name)
    assert page.status == 429
    assert page.header("Retry-After") == "1"
    assert "Please wait a moment" in page.text


@pytest.mark.parametrize("name", ["alice", "nobody"])
def test_fifth_failure_locks_even_for_the_right_password(
    relying_party: RelyingParty, frozen_time: time_machine.Traveller, name: str
) -> None:
    fail(relying_party, 5, frozen_time, name)
    browser = Browser(relying_party.installation)
    page = browser.sign_in(relying_party.request(browser), name)
    assert page.status == 423
    assert 0 < int(page.header("Retry-After") or 0) <= 900
    assert "Too many wrong passwords" in page.text
    assert "code" not in (page.header("Location") or "")


def test_lock_ends_by_itself(relying_party: RelyingParty, frozen_time: time_machine.Traveller) -> None:
    fail(relying_party, 5, frozen_time)
    frozen_time.shift(901)
    assert "code" in relying_party.sign_in(Browser(relying_party.installation))


def test_success_forgives(relying_party: RelyingParty, frozen_time: time_machine.Traveller) -> None:
    for _ in range(3):
        fail(relying_party, 2, frozen_time)
        assert "code" in relying_party.sign_in(Browser(relying_party.installation))


def test_failures_are_kept_although_nothing_was_granted(
    relying_party: RelyingParty, frozen_time: time_machine.Traveller
) -> None:
    fail(relying_party, 5, frozen_time)
    with relying_party.installation.reading() as unit:
        from sqlalchemy import text

        records = " ".join(unit.session.scalars(text("SELECT record FROM outbox_events")))
    assert records.count('"UserLoginFailed"') == 5
    assert records.count('"UserAccountLocked"') == 1


def test_many_names_from_one_address_are_stopped(relying_party: RelyingParty) -> None:
    server, browser = relying_party.installation, Browser(relying_party.installation)
    page = relying_party.request(browser)
    statuses = [browser.sign_in(page, f"name{number}", WRONG).status for number in range(12)]
    assert statuses == [401] * 10 + [429] * 2
    assert browser.sign_in(page).status == 429
    server.address = "192.0.2.77"
    assert browser.sign_in(page).status == 200, "elsewhere nothing happened"


def test_mark_of_a_failure_stays_inside(relying_party: RelyingParty) -> None:
    browser = Browser(relying_party.installation)
    page = browser.sign_in(relying_party.request(browser), "alice", WRONG)
    assert not [name for name, _ in page.headers if name.lower().startswith("x-authserver")]
