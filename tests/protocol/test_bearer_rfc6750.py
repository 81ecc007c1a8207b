"""Bearer tokens at a protected resource of ours: how they come in, and how refusals are told (RFC 6750)."""

from __future__ import annotations

import re

import pytest
import time_machine

from tests.installation import Answer, Installation
from tests.relying_party import RelyingParty

URL = "/oauth2/userinfo"
METADATA = 'resource_metadata="http://127.0.0.1:8000/.well-known/oauth-protected-resource/oauth2/userinfo"'
SCHEMES = [
    f'Bearer realm="authserver", {METADATA}',
    f'DPoP realm="authserver", {METADATA}, algs="RS256 PS256 ES256 EdDSA"',
]
CHALLENGE = re.compile(
    r'Bearer realm="[^"\\]+"(, error="\w+", error_description="[^"\\]*"(, scope="[^"\\]+")?)?, ' + re.escape(METADATA)
)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def assert_challenged(answer: Answer, status: int, error: str) -> None:
    assert answer.status == status, answer.text
    [header] = answer.all("WWW-Authenticate")
    assert CHALLENGE.fullmatch(header), header
    assert f'error="{error}"' in header
    assert answer.json["error"] == error
    assert answer.header("Cache-Control") == "no-store"


def test_without_a_token_the_answer_names_the_schemes_and_no_error(server: Installation) -> None:
    for answer in (server.get(URL), server.post(URL), server.get(URL, headers={"Authorization": "Bearer"})):
        assert answer.status == 401
        assert answer.all("WWW-Authenticate") == SCHEMES
        assert answer.body == b""


def test_another_scheme_is_no_bearer_token(server: Installation) -> None:
    assert server.get(URL, headers={"Authorization": "Basic YTpi"}).all("WWW-Authenticate") == SCHEMES


def test_the_scheme_is_read_in_any_case(server: Installation, relying_party: RelyingParty) -> None:
    token = relying_party.tokens()["access_token"]
    assert server.get(URL, headers={"Authorization": f"bEARER {token}"}).status == 200


def test_a_token_in_the_query_does_not_count(server: Installation, relying_party: RelyingParty) -> None:
    token = relying_party.tokens()["access_token"]
    for answer in (server.get(f"{URL}?access_token={token}"), server.post(f"{URL}?access_token={token}")):
        assert answer.status == 401


def test_a_token_in_the_body_of_a_get_does_not_count(server: Installation, relying_party: RelyingParty) -> None:
    token = relying_party.tokens()["access_token"]
    assert server.request("GET", URL, form={"access_token": token}).status == 401


def test_a_token_in_a_body_that_is_no_form_does_not_count(server: Installation, relying_party: RelyingParty) -> None:
    body = f'{{"access_token": "{relying_party.tokens()["access_token"]}"}}'.encode()
    assert server.request("POST", URL, body=body, headers={"Content-Type": "application/json"}).status == 401


def test_one_way_at_a_time(server: Installation, relying_party: RelyingParty) -> None:
    token = relying_party.tokens()["access_token"]
    assert_challenged(server.post(URL, {"access_token": token}, headers=bearer(token)), 400, "invalid_request")
    assert_challenged(server.post(URL, {"access_token": [token, token]}), 400, "invalid_request")
    assert_challenged(server.get(f"{URL}?access_token={token}", headers=bearer(token)), 400, "invalid_request")


def test_a_body_that_cannot_be_read_is_refused(server: Installation) -> None:
    answer = server.request("POST", URL, body=b"access_token=%ff")
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("token", ["garbage", "a.b.c", "a b", "☃"])
def test_what_is_no_token_is_invalid(server: Installation, token: str) -> None:
    answer = server.post(URL, {"access_token": token})
    assert_challenged(answer, 401, "invalid_token")
    assert server.why(answer) == "token_invalid"


def test_refresh_tokens_and_id_tokens_are_no_access_tokens(server: Installation, relying_party: RelyingParty) -> None:
    tokens = relying_party.tokens(scope="openid offline_access")
    for kind in ("refresh_token", "id_token"):
        answer = relying_party.userinfo(tokens[kind])
        assert_challenged(answer, 401, "invalid_token")
        assert server.why(answer) == "token_invalid"


def test_an_expired_token_is_told_from_an_invalid_one(
    frozen_time: time_machine.Traveller, server: Installation, relying_party: RelyingParty
) -> None:
    token = relying_party.tokens()["access_token"]
    frozen_time.shift(900)
    answer = relying_party.userinfo(token)
    assert_challenged(answer, 401, "invalid_token")
    assert "expired" in (answer.header("WWW-Authenticate") or "")
    assert server.why(answer) == "token_expired"


def test_a_revoked_token_is_dead_for_its_own_reason(server: Installation, relying_party: RelyingParty) -> None:
    token = relying_party.tokens()["access_token"]
    relying_party.ask("revoke", token)
    answer = relying_party.userinfo(token)
    assert_challenged(answer, 401, "invalid_token")
    assert server.why(answer) == "token_revoked"


@pytest.mark.parametrize(
    ("column", "value", "reason"), [("is_active", False, "user_disabled"), ("status", "locked", "user_disabled")]
)
def test_a_person_who_may_not_act_opens_nothing(
    server: Installation, relying_party: RelyingParty, column: str, value: object, reason: str
) -> None:
    token = relying_party.tokens()["access_token"]
    with server.unit() as unit:
        setattr(unit.users.get(server.users["alice"].id), column, value)
    assert server.why(relying_party.userinfo(token)) == reason
