"""Standard claims: stored with valid types, released by scope and request (A-22, A-23; OIDC Core §5)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from authserver.identity.profiles import CLAIMS_BY_SCOPE, STANDARD_CLAIMS, VALIDATORS, ClaimsRefused, apply, claims_for
from authserver.storage.models.users import User

ALL = frozenset({"openid", "profile", "email", "address", "phone"})
EVERYTHING: dict[str, Any] = {
    "name": "Ada King, Countess of Lovelace",
    "family_name": "King",
    "given_name": "Ada",
    "middle_name": "Augusta",
    "nickname": "A.A.L.",
    "preferred_username": "ada",
    "profile": "https://example.com/ada",
    "picture": "https://example.com/ada.png",
    "website": "http://ada.example.com/",
    "gender": "female",
    "birthdate": "1815-12-10",
    "zoneinfo": "Europe/London",
    "locale": "en-GB",
    "email": "ada@example.com",
    "email_verified": True,
    "address": {"street_address": "12 St James's Sq\nLondon", "country": "GB"},
    "phone_number": "+442079460000",
    "phone_number_verified": True,
}


def _user(**claims: Any) -> User:
    user = User(id="u1", claims={}, updated_at=datetime(2026, 3, 2, 12, tzinfo=UTC))
    apply(user, claims)
    return user


def test_every_standard_claim_is_stored_and_released() -> None:
    assert claims_for(_user(**EVERYTHING), ALL) == EVERYTHING | {"updated_at": 1772452800}
    assert set(VALIDATORS) | {"updated_at"} == set(STANDARD_CLAIMS)


@pytest.mark.parametrize("scope", sorted(CLAIMS_BY_SCOPE))
def test_a_scope_releases_its_claims_alone(scope: str) -> None:
    assert set(claims_for(_user(**EVERYTHING), frozenset({"openid", scope}))) == set(CLAIMS_BY_SCOPE[scope])


def test_no_scope_and_no_request_release_nothing() -> None:
    assert claims_for(_user(**EVERYTHING), frozenset({"openid", "offline_access"})) == {}


def test_a_request_releases_single_claims_whatever_the_scope() -> None:
    requested = {"email": None, "nickname": {"essential": True}, "name#de": None, "shoe_size": None, "sub": None}
    assert claims_for(_user(**EVERYTHING), frozenset({"openid"}), requested) == {
        "nickname": "A.A.L.",
        "email": "ada@example.com",
    }


def test_types_are_those_of_the_specification() -> None:
    found = claims_for(_user(**EVERYTHING), ALL)
    assert type(found["updated_at"]) is int
    assert found["email_verified"] is True
    assert found["phone_number_verified"] is True
    assert isinstance(found["address"], dict)


def test_what_is_not_known_is_left_out() -> None:
    assert set(claims_for(_user(), ALL)) == {"updated_at"}
    assert "email_verified" not in claims_for(_user(given_name="Ada"), ALL)


def test_the_name_is_composed_where_none_is_stored() -> None:
    assert claims_for(_user(given_name="Ada", family_name="King"), ALL)["name"] == "Ada King"
    assert claims_for(_user(given_name="Ada", middle_name="Augusta", family_name="King"), ALL)["name"] == (
        "Ada Augusta King"
    )
    assert claims_for(_user(name="A. King", given_name="Ada"), ALL)["name"] == "A. King"


@pytest.mark.parametrize("value", ["1815-12-10", "1815", "0000-12-10", "0000-02-29", "0815-01-01"])
def test_birthdates_may_hide_the_year_or_the_day(value: str) -> None:
    assert claims_for(_user(birthdate=value), ALL)["birthdate"] == value


def test_a_whole_birthdate_is_a_date_and_is_replaced_whole() -> None:
    user = _user(birthdate="1815-12-10")
    assert user.birth_date == date(1815, 12, 10)
    apply(user, {"birthdate": "1815"})
    assert user.birth_date is None
    apply(user, {"birthdate": None})
    assert "birthdate" not in claims_for(user, ALL)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("name", 1), ("name", ""), ("name", "  "), ("name", "a\0b"), ("name", "a\nb"), ("name", "x" * 256)),
        *(("email_verified", "true"), ("email_verified", 1), ("phone_number_verified", "false")),
        *(("picture", "javascript:alert(1)"), ("picture", "/ada.png"), ("website", "https://"), ("profile", "a b")),
        *(("picture", "https://u:p@example.com/"), ("website", "https://[::1"), ("website", "https://x:99999999/")),
        *(("birthdate", "10.12.1815"), ("birthdate", "1815-13-01"), ("birthdate", "18151210"), ("birthdate", "0000")),
        *(("birthdate", "1815-W01-1"), ("birthdate", 1815), ("zoneinfo", "../etc"), ("zoneinfo", "Europe/")),
        *(("locale", "-"), ("address", "London"), ("address", {}), ("address", {"planet": "Earth"})),
        *(("address", {"country": 1}), ("address", {"country": "a" * 1025})),
        *(("address", {"country": "a\nb"}), ("address", []), ("email", "ada"), ("email", 7), ("phone_number", "123")),
        *(("preferred_username", "a@b"), ("sub", "x"), ("updated_at", 1), ("shoe_size", 42), ("name#de", "Ada")),
    ],
)  # fmt: skip
def test_what_is_not_valid_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(ClaimsRefused) as refused:
        _user(**{name: value})
    assert list(refused.value.problems) == [name]


def test_all_problems_are_said_at_once_and_nothing_is_changed() -> None:
    user = _user(nickname="Ada")
    with pytest.raises(ClaimsRefused) as refused:
        apply(user, {"nickname": "Lady", "gender": 1, "locale": "!"})
    assert list(refused.value.problems) == ["gender", "locale"]
    assert claims_for(user, ALL)["nickname"] == "Ada"


def test_null_takes_a_claim_away() -> None:
    user = _user(**EVERYTHING)
    apply(user, dict.fromkeys(VALIDATORS, None))
    assert set(claims_for(user, ALL)) == {"updated_at"}


def test_another_address_or_number_is_unverified() -> None:
    user = _user(**EVERYTHING)
    apply(user, {"email": "Ada@Example.com", "phone_number": "+44 20 7946 0000"})
    assert (user.email_verified, user.phone_number_verified) == (True, True)
    apply(user, {"email": "other@example.com", "phone_number": "+442079460001"})
    assert (user.email_verified, user.phone_number_verified) == (False, False)
    apply(user, {"email": "third@example.com", "email_verified": True})
    assert user.email_verified


def test_the_names_of_changed_claims_are_told() -> None:
    user = _user(given_name="Ada", nickname="A")
    assert apply(user, {"given_name": "Ada", "nickname": "B", "gender": None}) == ("nickname",)
