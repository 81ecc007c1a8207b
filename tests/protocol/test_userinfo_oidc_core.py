"""UserInfo (OpenID Connect Core §5.3) and what scopes release (§5.4)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.installation import Installation
from tests.relying_party import RelyingParty, claims_of

URL = "/oauth2/userinfo"
PROFILE: dict[str, Any] = {
    "name": "Alice Liddell",
    "given_name": "Alice",
    "middle_name": "Pleasance",
    "family_name": "Liddell",
    "nickname": "Al",
    "profile": "https://alice.example/",
    "picture": "https://alice.example/me.png",
    "website": "https://alice.example/blog",
    "gender": "female",
    "birthdate": "1992-05-04",
    "zoneinfo": "Europe/London",
    "locale": "en-GB",
    "phone_number": "+442083661177",
    "phone_number_verified": True,
    "address": {"street_address": "1 Wonder Lane", "locality": "Oxford", "country": "GB"},
}
BY_SCOPE = {
    "profile": {*PROFILE, "preferred_username", "updated_at"} - {"phone_number", "phone_number_verified", "address"},
    "email": {"email", "email_verified"},
    "phone": {"phone_number", "phone_number_verified"},
    "address": {"address"},
}


@pytest.fixture
def party(server: Installation) -> RelyingParty:
    """A client whose person has a full profile."""
    server.add_user(claims=PROFILE)
    return RelyingParty(server, *server.add_client())


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("scope", BY_SCOPE)
def test_a_scope_releases_its_claims_and_no_others(party: RelyingParty, scope: str) -> None:
    claims = party.userinfo(party.tokens(scope=f"openid {scope}")["access_token"]).json
    assert claims.keys() == {"sub"} | BY_SCOPE[scope]
    assert all(claims[name] == value for name, value in PROFILE.items() if name in claims)


def test_openid_alone_releases_the_subject_alone(party: RelyingParty) -> None:
    tokens = party.tokens()
    claims = party.userinfo(tokens["access_token"]).json
    assert claims == {"sub": claims_of(tokens["id_token"])["sub"]}


def test_all_scopes_release_everything_with_its_json_types(party: RelyingParty) -> None:
    claims = party.userinfo(party.tokens(scope="openid profile email phone address")["access_token"]).json
    assert claims.keys() == {"sub"}.union(*BY_SCOPE.values())
    assert isinstance(claims["updated_at"], int)
    assert (claims["email_verified"], claims["phone_number_verified"]) == (True, True)
    assert claims["address"]["locality"] == "Oxford"


def test_a_scope_that_is_narrowed_away_releases_nothing(party: RelyingParty) -> None:
    token = party.tokens(scope="openid email offline_access")["refresh_token"]
    narrow = party.refresh(token, scope="openid").json
    assert party.userinfo(narrow["access_token"]).json.keys() == {"sub"}


def test_get_and_post_in_header_and_body_answer_alike(server: Installation, party: RelyingParty) -> None:
    token = party.tokens(scope="openid email")["access_token"]
    answers = [
        server.get(URL, headers=bearer(token)),
        server.post(URL, headers=bearer(token)),
        server.post(URL, {"access_token": token}),
    ]
    assert {answer.status for answer in answers} == {200}
    assert answers[0].json == answers[1].json == answers[2].json
    for answer in answers:
        assert answer.header("Content-Type") == "application/json"
        assert answer.header("Cache-Control") == "no-store"


def test_a_token_for_another_audience_opens_nothing(server: Installation) -> None:
    api = server.add_resource(scopes=("read",))
    server.add_user()
    party = RelyingParty(server, *server.add_client(scopes=frozenset({"openid", "read"}), resources=(api,)))
    code = party.code(scope="openid read", resource=api)
    token = party.redeem(code, resource=api).json["access_token"]
    answer = party.userinfo(token)
    assert (answer.status, server.why(answer)) == (401, "token_for_other_audience")


def test_a_token_without_openid_has_too_little_scope(party: RelyingParty) -> None:
    answer = party.userinfo(party.tokens(scope="profile", nonce=None)["access_token"])
    assert answer.status == 403
    assert 'error="insufficient_scope"' in (answer.header("WWW-Authenticate") or "")
    assert 'scope="openid"' in (answer.header("WWW-Authenticate") or "")


def test_a_changed_profile_shows_at_once(server: Installation, party: RelyingParty) -> None:
    token = party.tokens(scope="openid profile")["access_token"]
    with server.unit() as unit:
        unit.users.get(server.users["alice"].id).given_name = "Alicia"
    assert party.userinfo(token).json["given_name"] == "Alicia"


def test_a_person_who_is_gone_has_no_userinfo(server: Installation, party: RelyingParty) -> None:
    token = party.tokens()["access_token"]
    with server.unit() as unit:
        user = unit.users.get(server.users["alice"].id)
        user.deleted_at = user.updated_at
    answer = party.userinfo(token)
    assert (answer.status, server.why(answer)) == (401, "user_deleted")
