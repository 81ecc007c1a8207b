"""Scripts of other origins (Fetch Standard §3.2): everybody reads metadata, clients' own origins read their answers."""

from __future__ import annotations

import pytest
import time_machine

from tests.installation import Answer, Installation
from tests.relying_party import RelyingParty

OWN, OTHERS, STRANGER = "https://spa.example", "https://other.example", "https://evil.example"
CLIENT_ROUTES = ("/oauth2/token", "/oauth2/userinfo", "/oauth2/revoke")
ALLOW = "Access-Control-Allow-Origin"


@pytest.fixture
def spa(server: Installation) -> RelyingParty:
    """A browser application at `OWN`; another client has `OTHERS`."""
    server.add_user()
    server.add_client("spa", token_endpoint_auth_method="none", origins=(OWN,))
    server.add_client("other", origins=(OTHERS,))
    return RelyingParty(server, "spa")


def preflight(server: Installation, path: str, origin: str) -> Answer:
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    return server.request("OPTIONS", path, headers=headers)


def from_script(spa: RelyingParty, path: str, origin: str, token: str = "", **form: str) -> Answer:
    headers = {"Origin": origin} | ({"Authorization": f"Bearer {token}"} if token else {})
    return spa.installation.post(path, form, headers=headers)


@pytest.mark.parametrize("path", CLIENT_ROUTES)
def test_a_preflight_is_answered_for_any_registered_origin(server: Installation, spa: RelyingParty, path: str) -> None:
    for origin in (OWN, OTHERS):
        answer = preflight(server, path, origin)
        assert (answer.status, answer.header(ALLOW)) == (204, origin)
        assert "authorization" in (answer.header("Access-Control-Allow-Headers") or "").lower()
        assert answer.header("Access-Control-Allow-Credentials") is None
    assert preflight(server, path, STRANGER).header(ALLOW) is None
    assert preflight(server, path, "null").header(ALLOW) is None


def test_nobody_scripts_introspection(server: Installation, spa: RelyingParty) -> None:
    for path in ("/oauth2/introspect", "/oauth2/authorize", "/oauth2/logout"):
        assert preflight(server, path, OWN).header(ALLOW) is None


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/.well-known/jwks.json"])
def test_everybody_reads_metadata_and_keys(server: Installation, path: str) -> None:
    answer = server.get(path, headers={"Origin": STRANGER})
    assert answer.header(ALLOW) == "*"
    assert answer.header("Access-Control-Allow-Credentials") is None


def test_tokens_are_readable_for_the_clients_own_origin_alone(spa: RelyingParty) -> None:
    for origin, readable in ((OWN, True), (OTHERS, False), (STRANGER, False)):
        form = {
            "grant_type": "authorization_code",
            "code": spa.code(),
            "redirect_uri": spa.redirect_uri,
            "code_verifier": spa.verifier,
            "client_id": "spa",
        }
        answer = from_script(spa, "/oauth2/token", origin, **form)
        assert answer.status == 200
        assert answer.header(ALLOW) == (origin if readable else None)
        assert "Origin" in answer.all("Vary")
        assert answer.header("X-Authserver-Allowed-Origins") is None


def test_refusals_of_a_known_client_are_readable_too(spa: RelyingParty) -> None:
    answer = from_script(spa, "/oauth2/token", OWN, client_id="spa", grant_type="refresh_token", refresh_token="x")
    assert (answer.json["error"], answer.header(ALLOW)) == ("invalid_grant", OWN)
    answer = from_script(spa, "/oauth2/revoke", OWN, client_id="spa")
    assert (answer.json["error"], answer.header(ALLOW)) == ("invalid_request", OWN)
    answer = from_script(spa, "/oauth2/token", OTHERS, client_id="spa", grant_type="refresh_token", refresh_token="x")
    assert answer.header(ALLOW) is None


def test_refusals_of_nobody_are_not(spa: RelyingParty) -> None:
    answer = from_script(spa, "/oauth2/token", OWN, client_id="nobody", grant_type="refresh_token")
    assert (answer.status, answer.header(ALLOW)) == (401, None)
    assert from_script(spa, "/oauth2/userinfo", OWN).header(ALLOW) is None
    assert from_script(spa, "/oauth2/userinfo", OWN, token="garbage").header(ALLOW) is None


def test_userinfo_is_readable_for_the_tokens_client(frozen_time: time_machine.Traveller, spa: RelyingParty) -> None:
    token = spa.tokens()["access_token"]
    assert from_script(spa, "/oauth2/userinfo", OWN, token).header(ALLOW) == OWN
    assert from_script(spa, "/oauth2/userinfo", OTHERS, token).header(ALLOW) is None
    frozen_time.shift(900)
    expired = from_script(spa, "/oauth2/userinfo", OWN, token)
    assert (expired.status, expired.header(ALLOW)) == (401, OWN)
    assert "WWW-Authenticate" in (expired.header("Access-Control-Expose-Headers") or "")


def test_revocation_is_readable_for_its_client(spa: RelyingParty) -> None:
    token = spa.tokens()["access_token"]
    form = {"client_id": "spa", "token": token}
    answer = spa.installation.post("/oauth2/revoke", form, headers={"Origin": OWN})
    assert (answer.status, answer.header(ALLOW)) == (200, OWN)
    answer = spa.installation.post("/oauth2/revoke", form, headers={"Origin": OTHERS})
    assert (answer.status, answer.header(ALLOW)) == (200, None)
