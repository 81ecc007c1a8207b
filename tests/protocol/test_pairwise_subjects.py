"""Pairwise subject identifiers (OpenID Connect Core §8)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import delete

from authserver.clients.extensions import Extensions
from authserver.clients.subject_identifiers import sector_of
from authserver.storage.models.installation_keys import InstallationKey
from tests.client_keys import stored
from tests.installation import Installation
from tests.relying_party import Browser, RelyingParty, claims_of

PAIRWISE = Extensions(subject_type="pairwise")
LOGOUT = "/oauth2/logout"


def party_of(server: Installation, client_id: str = "app", host: str = "app.example", **values: Any) -> RelyingParty:
    uri = f"https://{host}/callback"
    chosen = {"redirect_uris": (uri,), "extensions": PAIRWISE} | values
    return RelyingParty(server, *server.add_client(client_id, **chosen), redirect_uri=uri)


@pytest.fixture
def party(server: Installation) -> RelyingParty:
    """A client that knows alice by a name of its own."""
    server.add_user()
    server.add_user("bob")
    return party_of(server)


def subject(party: RelyingParty, browser: Browser | None = None, **parameters: Any) -> str:
    return str(claims_of(party.tokens(browser, **parameters)["id_token"])["sub"])


def test_every_answer_calls_the_person_by_the_same_name(server: Installation, party: RelyingParty) -> None:
    tokens = party.tokens(scope="openid offline_access", prompt="consent")
    refreshed = party.refresh(tokens["refresh_token"]).json
    names = {claims_of(tokens[kind])["sub"] for kind in ("id_token", "access_token")}
    names |= {claims_of(refreshed[kind])["sub"] for kind in ("id_token", "access_token")}
    names |= {party.userinfo(tokens["access_token"]).json["sub"]}
    names |= {party.introspect(refreshed[kind])["sub"] for kind in ("access_token", "refresh_token")}
    assert len(names) == 1
    assert server.users["alice"].id not in names


def test_the_name_is_stable_and_no_other_persons(server: Installation, party: RelyingParty) -> None:
    first = subject(party)
    assert subject(party) == first
    party.verifier = party.verifier[::-1]
    browser = Browser(server)
    assert claims_of(party.redeem(party.sign_in(browser, "bob")["code"]).json["id_token"])["sub"] != first


def test_clients_of_one_host_share_a_name_and_others_do_not(server: Installation, party: RelyingParty) -> None:
    same, other = party_of(server, "same"), party_of(server, "other", "other.example")
    assert subject(same) == subject(party)
    assert subject(other) != subject(party)


def test_a_sector_identifier_joins_hosts(server: Installation, party: RelyingParty) -> None:
    one, two = party_of(server, "one", "one.example"), party_of(server, "two", "two.example")
    assert subject(one) != subject(two)
    sector = Extensions(subject_type="pairwise", sector_identifier_uri="https://sector.example/uris.json")
    for known in (one, two):
        stored(server, known.client_id, metadata_extra=sector.to_document())
    assert subject(one) == subject(two) != subject(party)


def test_an_access_token_carries_nothing_that_undoes_it(server: Installation, party: RelyingParty) -> None:
    tokens = party.tokens(scope="openid email profile")
    claims, told = claims_of(tokens["access_token"]), party.introspect(tokens["access_token"])
    assert not claims.keys() & {"email", "username", "roles", "org"}
    assert "username" not in told
    assert server.users["alice"].id not in str(claims) + str(told)


def test_an_opaque_token_opens_userinfo_too(server: Installation, party: RelyingParty) -> None:
    opaque = party_of(server, "opaque", policy={"access_token_format": "opaque"})
    answer = opaque.userinfo(opaque.tokens(scope="openid email")["access_token"]).json
    assert (answer["sub"], answer["email"]) == (subject(party), "alice@example.com")


def test_a_hint_is_understood(server: Installation, party: RelyingParty) -> None:
    browser = Browser(server)
    hint = party.tokens(browser)["id_token"]
    assert "code" in party.response(party.request(browser, id_token_hint=hint, prompt="none"))
    elsewhere = Browser(server)
    party.code(elsewhere)
    bobs = Browser(server)
    party.sign_in(bobs, "bob")
    refused = party.response(party.request(bobs, id_token_hint=hint, prompt="none"))
    assert refused["error"] == "login_required"


def test_a_hint_from_before_it_became_pairwise_still_counts(server: Installation, party: RelyingParty) -> None:
    later, browser = party_of(server, "later", extensions=Extensions()), Browser(server)
    hint = later.tokens(browser)["id_token"]
    server.registration.update("later", {"extensions": PAIRWISE})
    server.services.clients.forget()
    assert "code" in later.response(later.request(browser, id_token_hint=hint, prompt="none"))


def test_logout_by_a_hint_ends_the_session_at_once(server: Installation, party: RelyingParty) -> None:
    browser = Browser(server)
    hint = party.tokens(browser)["id_token"]
    browser.open(f"{LOGOUT}?id_token_hint={hint}")
    assert party.response(party.request(browser, prompt="none"))["error"] == "login_required"


def test_a_client_that_acts_for_itself_keeps_its_id(server: Installation) -> None:
    party = party_of(server, "robot", grant_types=("client_credentials",))
    token = party.token_request(grant_type="client_credentials").json["access_token"]
    assert claims_of(token)["sub"] == "robot"


def test_it_is_said_in_the_metadata(server: Installation) -> None:
    assert server.get("/.well-known/openid-configuration").json["subject_types_supported"] == ["public", "pairwise"]


def asked_about(party: RelyingParty, browser: Browser, name: str) -> dict[str, str]:
    claims = json.dumps({"id_token": {"sub": {"value": name}}})
    return party.response(party.request(browser, claims=claims, prompt="none"))


def test_a_request_may_name_the_person_as_this_client_knows_them(server: Installation, party: RelyingParty) -> None:
    browser = Browser(server)
    assert "code" in asked_about(party, browser, subject(party, browser))


def test_a_user_id_of_another_client_finds_nobody_out(server: Installation, party: RelyingParty) -> None:
    browser = Browser(server)
    subject(party, browser)
    for name in (server.users["alice"].id, "A" * 43):
        assert asked_about(party, browser, name)["error"] == "login_required"


def test_without_the_key_of_the_installation_nobody_is_named(server: Installation, party: RelyingParty) -> None:
    """Neither the user id nor a name under some other key takes its place."""
    code = party.code()
    with server.unit() as unit:
        unit.session.execute(delete(InstallationKey).where(InstallationKey.purpose == "pairwise-subjects"))
    refused = party.redeem(code)
    assert (refused.status, refused.json["error"]) == (500, "server_error")
    assert server.why(refused) == "no_pairwise_key"


def test_a_private_scheme_stands_for_the_host_that_a_native_client_lacks(server: Installation) -> None:
    for scheme in ("com.example.one", "com.example.two"):
        redirect_uris = (f"{scheme}:/callback",)
        server.add_client(scheme, extensions=PAIRWISE, redirect_uris=redirect_uris, application_type="native")
        assert sector_of(server.services.clients.find(scheme)) == scheme
