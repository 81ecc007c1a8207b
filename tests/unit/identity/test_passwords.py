"""Passwords people choose: the policy, the meter, and what a change does (B-26, B-27)."""

from __future__ import annotations

import pytest

from authserver.events.catalog import PasswordReset, UserPasswordChanged
from authserver.identity.passwords import PasswordPolicy, PasswordRefused, one_time_password, strength
from tests.unit.identity.conftest import PASSWORD, House

POLICY = PasswordPolicy(min_length=8, max_length=128, classes=4)


def _codes(password: str, *names: str, policy: PasswordPolicy = POLICY) -> list[str]:
    return [problem.code for problem in policy.problems(password, *names)]


@pytest.mark.parametrize(
    ("password", "codes"),
    [
        ("Abcdef1!", []),
        ("Abcde1!", ["too_short"]),
        ("Aa1!" + "x" * 124, []),
        ("Aa1!" + "x" * 125, ["too_long"]),
        ("abcdefgh", ["too_uniform"]),
        ("abc", ["too_short", "too_uniform"]),
        ("", ["too_short", "too_uniform"]),
        ("Pässwört 1", []),
    ],
)
def test_all_that_is_wrong_is_said_at_once(password: str, codes: list[str]) -> None:
    assert _codes(password) == codes


def test_fewer_kinds_may_be_asked_for() -> None:
    assert _codes("abcdefg1", policy=PasswordPolicy(8, 128, 2)) == []
    (problem,) = PasswordPolicy(8, 128, 2).problems("abcdefgh")
    assert problem.message == "The password must also contain 1 of these: a capital letter, a digit or a symbol."
    assert _codes("abcdefgh", policy=PasswordPolicy(8, 128, 0)) == []


def test_the_sentence_names_what_is_missing() -> None:
    with pytest.raises(PasswordRefused) as refused:
        POLICY.check("abc")
    expected = (
        "The password must have at least 8 characters. "
        "The password must also contain a capital letter, a digit and a symbol."
    )
    assert refused.value.message == expected
    assert refused.value.field == "password"


def test_ones_own_name_is_no_password() -> None:
    assert _codes("Ada-L0velace", "ada-l0VELACE") == ["is_a_name"]


@pytest.mark.parametrize(
    ("password", "score"),
    [("", 0), ("aaaaaaaaaaaaaaaa", 0), ("abcdefghijkl", 0), ("Password1!", 0), ("tr0ub4dor", 2), ("9$kQz!mB", 2)],
)
def test_what_is_guessed_early_scores_little(password: str, score: int) -> None:
    assert strength(password) == score


def test_long_and_mixed_scores_most() -> None:
    assert strength("correct horse battery staple") == 4
    assert strength(one_time_password()) == 4


def test_one_time_passwords_satisfy_the_policy_and_differ() -> None:
    made = {one_time_password() for _ in range(50)}
    assert len(made) == 50
    assert not any(POLICY.problems(password) for password in made)


def test_a_change_clears_the_demand_for_one_and_is_recorded(house: House) -> None:
    ada = house.add()
    with house.database.unit() as unit:
        ada = unit.users.get(ada.id)
        ada.password_must_change = True
    new = house.passwords.prepare("Another-horse-8", ada)
    with house.database.unit() as unit:
        house.passwords.change(unit, unit.users.get(ada.id), new)
    assert house.events(UserPasswordChanged) == [UserPasswordChanged(user_id=ada.id, first=True)]
    assert not house.check("ada", "Another-horse-8").password_must_change


def test_the_present_password_is_not_a_new_one(house: House) -> None:
    with pytest.raises(PasswordRefused, match="present"):
        house.passwords.prepare(PASSWORD, house.add())


def test_a_new_password_is_held_against_the_names_of_its_owner(house: House) -> None:
    ada = house.add(email="Ada.L0velace@example.com")
    with pytest.raises(PasswordRefused, match="user name"):
        house.passwords.prepare("Ada.L0velace@example.com", ada)


def test_a_reset_may_demand_a_change(house: House) -> None:
    ada = house.add()
    password, new = house.passwords.prepare_one_time()
    with house.database.unit() as unit:
        house.passwords.replace(unit, unit.users.get(ada.id), new, must_change=True, source="recovery")
    assert house.check("ada", password).password_must_change
    assert house.events(PasswordReset) == [PasswordReset(user_id=ada.id, source="recovery")]
