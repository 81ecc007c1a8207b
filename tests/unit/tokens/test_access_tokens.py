"""The claims of access tokens (RFC 9068 §2.2) and what they may say about a person."""

from __future__ import annotations

from typing import Any

import pytest

from authserver.tokens import access_tokens

REQUIRED: dict[str, Any] = {
    "issuer": "https://id.example",
    "subject": "user-1",
    "audience": ["https://api.example"],
    "client_id": "client-1",
    "scopes": {"write", "read"},
    "jti": "token-1",
    "issued_at": 1000,
    "expires_in": 900,
}
PERSON = {"email": "a@example.org", "username": "ada", "roles": ["admin"], "org": "org-1", "phone": "+491", "hash": "x"}


def test_a_user_token_says_all_that_rfc_9068_names() -> None:
    session = {"grant_id": "g", "sid": "s", "auth_time": 990, "acr": "1", "amr": ("pwd",)}
    assert access_tokens.build(**REQUIRED, **session) == {
        "iss": "https://id.example",
        "sub": "user-1",
        "aud": "https://api.example",
        "exp": 1900,
        "iat": 1000,
        "jti": "token-1",
        "client_id": "client-1",
        "scope": "read write",
        "grant_id": "g",
        "sid": "s",
        "auth_time": 990,
        "acr": "1",
        "amr": ["pwd"],
    }


def test_what_has_no_value_is_left_out() -> None:
    claims = access_tokens.build(**(REQUIRED | {"scopes": ()}))
    assert set(claims) == {"iss", "sub", "aud", "exp", "iat", "jti", "client_id"}


def test_several_audiences_stand_in_a_list() -> None:
    claims = access_tokens.build(**(REQUIRED | {"audience": ("https://a.example", "https://b.example")}))
    assert claims["aud"] == ["https://a.example", "https://b.example"]


def test_a_token_without_audience_is_not_built() -> None:
    with pytest.raises(ValueError, match="audience"):
        access_tokens.build(**(REQUIRED | {"audience": ()}))


def test_a_bound_token_names_its_key() -> None:
    assert access_tokens.build(**REQUIRED, cnf={"jkt": "x"})["cnf"] == {"jkt": "x"}


def test_an_authentication_at_the_epoch_is_still_a_time() -> None:
    assert access_tokens.build(**REQUIRED, auth_time=0)["auth_time"] == 0


def test_claims_about_the_person_never_replace_those_of_the_protocol() -> None:
    plain = access_tokens.build(**REQUIRED)
    evil = dict.fromkeys([*plain, "sid", "grant_id", "cnf", "amr", "acr", "auth_time"], "evil")
    assert access_tokens.build(**REQUIRED, user_claims=evil) == plain
    assert access_tokens.build(**REQUIRED, user_claims={"email": "a@example.org"})["email"] == "a@example.org"


@pytest.mark.parametrize(
    ("scope", "claims"),
    [
        ("openid", set()),
        ("email", {"email"}),
        ("profile", {"username"}),
        ("roles", {"roles"}),
        ("org", {"org"}),
        ("email roles", {"email", "roles"}),
    ],
)
def test_a_claim_about_the_person_is_released_by_its_scope(scope: str, claims: set[str]) -> None:
    assert set(access_tokens.released(PERSON, scope.split(), first_party=False, pairwise=False)) == claims


def test_a_first_party_client_gets_the_four_claims_and_no_more() -> None:
    found = access_tokens.released(PERSON, (), first_party=True, pairwise=False)
    assert set(found) == {"email", "username", "roles", "org"}


@pytest.mark.parametrize("first_party", [True, False])
def test_a_pairwise_client_learns_nothing_that_identifies(first_party: bool) -> None:
    every = ("email", "profile", "roles", "org")
    assert access_tokens.released(PERSON, every, first_party=first_party, pairwise=True) == {}


def test_a_claim_without_value_is_not_released() -> None:
    assert access_tokens.released({"email": None, "roles": []}, (), first_party=True, pairwise=False) == {}
