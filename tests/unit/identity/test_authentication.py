"""A login and a password: same answers and same work for known and unknown names (B-14, B-15, B-19, B-24)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import bcrypt
import orjson
import pytest
import time_machine

from authserver.events.catalog import PasswordRehashed, UserAccountLocked, UserLoginFailed
from authserver.identity.authentication import ACCOUNT_DELETED, AccountDeleted, AccountDisabled
from authserver.protocol import validity
from authserver.protocol.errors import AccountLocked, AuthenticationError, RateLimited
from authserver.settings import Settings
from authserver.storage.models.users import User
from tests.unit.identity.conftest import PASSWORD, House

pytestmark = pytest.mark.usefixtures("frozen_time")


def _fail(house: House, times: int, login: str = "ada", address: str = "192.0.2.1") -> list[Exception]:
    errors: list[Exception] = []
    for _ in range(times):
        with pytest.raises((AuthenticationError, AccountLocked, RateLimited)) as refused:
            house.check(login, "wrong", address)
        errors.append(refused.value)
    return errors


@pytest.mark.parametrize("login", ["ada", "ADA ", "ada@example.com", "Ada@EXAMPLE.com"])
def test_either_name_in_any_spelling_signs_in(house: House, login: str) -> None:
    ada = house.add()
    assert house.check(login, PASSWORD).id == ada.id


@pytest.mark.parametrize("login", ["ada", "nobody", "nobody@example.com", "", "\0", "\ud800@a", "x" * 4000])
def test_every_wrong_attempt_gets_the_same_words_and_costs_one_hash(house: House, login: str) -> None:
    house.add()
    before = house.hasher.hashes
    with pytest.raises(AuthenticationError) as refused:
        house.check(login, "wrong")
    assert (refused.value.message, refused.value.status, refused.value.code) == (
        "Invalid credentials",
        401,
        "unauthorized",
    )
    assert house.hasher.hashes == before + 1


def test_an_account_without_a_password_costs_one_hash_too(house: House) -> None:
    ada = house.add()
    _set(house, ada, password_hash=None)
    before = house.hasher.hashes
    with pytest.raises(AuthenticationError, match="Invalid credentials"):
        house.check("ada", "")
    assert house.hasher.hashes == before + 1


def test_a_failure_is_recorded_with_its_reason_which_stays_private(house: House) -> None:
    ada = house.add()
    _fail(house, 1)
    _fail(house, 1, "nobody")
    known, unknown = house.events(UserLoginFailed)
    assert isinstance(known, UserLoginFailed)
    assert isinstance(unknown, UserLoginFailed)
    assert (known.user_id, known.reason, known.identifier) == (ada.id, "password_wrong", "ada")
    assert (unknown.user_id, unknown.reason, unknown.identifier) == (None, "user_unknown", None)
    assert known.identifier_digest != unknown.identifier_digest


def test_what_was_typed_as_an_unknown_name_is_kept_nowhere(house: House) -> None:
    _fail(house, 6, "my-secret-password-typed-as-a-name")
    with house.database.reading() as unit:
        keys = unit.ephemeral.keys("login:")
        stored = [unit.ephemeral.find(key) for key in keys]
    assert "my-secret" not in repr((keys, stored, house.events()))


def test_five_failures_lock_the_account_against_the_right_password(house: House) -> None:
    ada = house.add()
    _fail(house, 5)
    before = house.hasher.hashes
    with pytest.raises(AccountLocked) as refused:
        house.check("ada", PASSWORD)
    assert refused.value.retry_after == 900
    assert house.hasher.hashes == before
    assert [event.user_id for event in house.events(UserAccountLocked)] == [ada.id]
    assert isinstance(last := house.events(UserLoginFailed)[-1], UserLoginFailed)
    assert last.reason == "account_locked"


def test_unknown_names_lock_like_known_ones(house: House) -> None:
    house.add()
    known, unknown = _fail(house, 7), _fail(house, 7, "nobody@example.com")
    assert [(type(e), str(e)) for e in known] == [(type(e), str(e)) for e in unknown]
    assert isinstance(known[-1], AccountLocked)
    assert isinstance(unknown[-1], AccountLocked)


def test_user_name_and_address_are_one_account_to_the_lock(house: House) -> None:
    house.add()
    _fail(house, 3, "ada")
    _fail(house, 2, "ada@example.com")
    with pytest.raises(AccountLocked):
        house.check("ada", PASSWORD)


def test_a_lock_ends_by_itself(house: House, frozen_time: time_machine.Traveller) -> None:
    house.add()
    _fail(house, 5)
    frozen_time.shift(899)
    with pytest.raises(AccountLocked):
        house.check("ada", PASSWORD)
    frozen_time.shift(1)
    assert house.check("ada", PASSWORD)


def test_locked_attempts_do_not_prolong_the_lock(house: House, frozen_time: time_machine.Traveller) -> None:
    house.add()
    _fail(house, 5)
    frozen_time.shift(890)
    _fail(house, 20)
    frozen_time.shift(10)
    assert house.check("ada", PASSWORD)


def test_a_success_forgets_the_failures(house: House, frozen_time: time_machine.Traveller) -> None:
    house.add()
    for _ in range(4):
        _fail(house, 2)
        house.check("ada", PASSWORD)
    with house.database.reading() as unit:
        assert unit.ephemeral.keys("login:") == []


def test_failures_count_inside_a_moving_window(house: House, frozen_time: time_machine.Traveller) -> None:
    house.add()
    _fail(house, 1)
    frozen_time.shift(880)
    _fail(house, 3)
    frozen_time.shift(30)
    _fail(house, 1)
    frozen_time.shift(10)
    _fail(house, 1)
    with pytest.raises(AccountLocked):
        house.check("ada", PASSWORD)


def test_the_wait_doubles_with_each_failure_from_the_third_on(
    house: House, make_settings: Callable[..., Settings], frozen_time: time_machine.Traveller
) -> None:
    house = House(make_settings(lockout_threshold=20), house.database)
    house.add()
    waits = []
    _fail(house, 2)
    for _ in range(5):
        _fail(house, 1)
        with house.database.reading() as unit:
            attempt = house.lockout.attempt("ada", unit.users.find_by_login("ada"), "192.0.2.1")
            refusal = house.lockout.refusal(unit, attempt)
        assert isinstance(refusal, RateLimited)
        waits.append(refusal.retry_after)
        frozen_time.shift(refusal.retry_after or 0)
    assert waits == [1, 2, 4, 8, 16]


def test_too_soon_is_refused_whatever_the_password(house: House, frozen_time: time_machine.Traveller) -> None:
    house.add()
    _fail(house, 3)
    before = house.hasher.hashes
    with pytest.raises(RateLimited) as refused:
        house.check("ada", PASSWORD)
    assert (refused.value.retry_after, refused.value.status) == (1, 429)
    assert house.hasher.hashes == before
    frozen_time.shift(2)
    assert house.check("ada", PASSWORD)


def test_a_stranger_slows_and_locks_only_his_own_address(house: House) -> None:
    house.add()
    _fail(house, 9, address="203.0.113.9")
    assert house.check("ada", PASSWORD, "192.0.2.1")


def test_many_addresses_together_lock_at_the_higher_limit(house: House) -> None:
    ada = house.add()
    for number in range(10):
        _fail(house, 5, address=f"203.0.113.{number}")
    with pytest.raises(AccountLocked):
        house.check("ada", PASSWORD, "192.0.2.1")
    with house.database.reading() as unit:
        assert unit.users.get(ada.id).is_locked()


def test_many_addresses_lock_an_unknown_name_too(house: House) -> None:
    for number in range(10):
        _fail(house, 5, "nobody", address=f"203.0.113.{number}")
    with pytest.raises(AccountLocked):
        house.check("nobody", PASSWORD, "192.0.2.1")


def test_successes_of_many_people_from_one_gateway_count_against_nobody(house: House) -> None:
    people = [house.add(f"p{number}@example.com", None) for number in range(3)]
    for _ in range(8):
        for person in people:
            assert house.check(person.email or "", PASSWORD, "198.51.100.1")


def test_an_administrators_lock_refuses_the_right_password(house: House) -> None:
    ada = house.add()
    _set(house, ada, locked_until=validity.after(60))
    with pytest.raises(AccountLocked) as refused:
        house.check("ada", PASSWORD)
    assert refused.value.retry_after == 61


@pytest.mark.parametrize("change", [{"is_active": False}, {"deleted": True}])
def test_a_deleted_account_says_so_to_the_right_password_alone(house: House, change: dict[str, bool]) -> None:
    ada = house.add()
    _set(house, ada, **({"deleted_at": validity.now()} if "deleted" in change else change))
    with pytest.raises(AccountDeleted) as refused:
        house.check("ada", PASSWORD)
    assert refused.value.message == ACCOUNT_DELETED == "Your account has been deleted and access is denied."
    with pytest.raises(AuthenticationError, match="Invalid credentials"):
        house.check("ada", "wrong")


def test_a_disabled_account_is_refused(house: House) -> None:
    ada = house.add()
    with house.database.unit() as unit:
        house.users.disable(unit, unit.users.get(ada.id))
    with pytest.raises(AccountDisabled):
        house.check("ada", PASSWORD)
    with pytest.raises(AuthenticationError, match="Invalid credentials"):
        house.check("ada", "wrong")


def test_an_imported_bcrypt_hash_is_replaced_at_the_next_login(house: House) -> None:
    ada = house.add()
    _set(house, ada, password_hash=bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode())
    house.check("ada", PASSWORD)
    with house.database.reading() as unit:
        assert (unit.users.get(ada.id).password_hash or "").startswith("$argon2id$")
    assert house.events(PasswordRehashed) == [PasswordRehashed(user_id=ada.id, from_scheme="2b")]
    assert house.check("ada", PASSWORD)


def test_raised_argon2_parameters_are_taken_over_at_the_next_login(
    house: House, make_settings: Callable[..., Settings]
) -> None:
    ada = house.add()
    stronger = House(make_settings(argon2_time_cost=2), house.database)
    stronger.check("ada", PASSWORD)
    with house.database.reading() as unit:
        assert ",t=2," in (unit.users.get(ada.id).password_hash or "")


def test_a_password_replaced_while_it_was_hashed_is_refused(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = house.add()
    verify = house.hasher.verify

    def overtaken(password: str, stored: str | None) -> object:
        _set(house, ada, password_hash=house.hasher.hash("Something-else-9"))
        return verify(password, stored)

    monkeypatch.setattr(house.hasher, "verify", overtaken)
    with pytest.raises(AuthenticationError, match="Invalid credentials"):
        house.check("ada", PASSWORD)


@pytest.mark.parametrize("login", ["ada", "nobody"])
def test_guesses_sent_all_at_once_are_no_more_than_five(house: House, login: str) -> None:
    house.add()

    def guess(number: int) -> Exception | None:
        try:
            house.check(login, f"guess {number}")
        except (AuthenticationError, AccountLocked, RateLimited) as error:
            return error
        return None

    with ThreadPoolExecutor(16) as pool:
        errors = list(pool.map(guess, range(32)))
    judged = [error for error in errors if type(error) is AuthenticationError]
    assert len(judged) <= 3
    assert all(errors)
    assert sum(isinstance(error, AccountLocked) for error in errors) == 32 - 5
    assert len(house.events(UserAccountLocked)) == 1


def test_failures_and_their_events_are_committed_although_the_login_was_refused(house: House) -> None:
    ada = house.add()
    _fail(house, 2)
    with house.database.reading() as unit:
        assert unit.users.get(ada.id).failed_attempts == 2
        assert len(unit.ephemeral.keys("login:")) == 2


def test_records_fit_their_rows(house: House, make_settings: Callable[..., Settings]) -> None:
    house = House(make_settings(lockout_threshold=3, lockout_identifier_threshold=4), house.database)
    for number in range(3):
        _fail(house, 1, "nobody", f"203.0.113.{number}")
    with house.database.reading() as unit:
        (anywhere,) = [key for key in unit.ephemeral.keys("login:") if key.endswith("*")]
        assert len(orjson.loads(unit.ephemeral.find(anywhere) or b"")[0]) == 3
        assert all(len(key) < 100 for key in unit.ephemeral.keys("login:"))


def _set(house: House, user: User, **values: object) -> None:
    with house.database.unit() as unit:
        row = unit.users.get(user.id)
        for name, value in values.items():
            setattr(row, name, value)
