"""Refusals that somebody may want to look at are events, whatever else the refusal does."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from authserver.events.intake import Intake
from authserver.events.worker import spool_directory
from tests.installation import Installation
from tests.outbox import recorded
from tests.relying_party import Browser, RelyingParty


def told(server: Installation, event_type: str) -> list[dict[str, object]]:
    """The events of a type, those in the spool included."""
    intake = Intake(server.services.database, spool_directory(server.settings))
    while intake.step():
        pass
    server.services.tallies.close()
    intake.step()
    intake.close()
    return recorded(server, event_type)


@pytest.mark.parametrize("endpoint", ["token", "introspect", "revoke"])
def test_a_wrong_secret_is_told(relying_party: RelyingParty, endpoint: str) -> None:
    server = relying_party.installation
    assert replace(relying_party, secret="wrong").ask(endpoint, "anything").status == 401
    assert told(server, "ClientAuthenticationFailed") == [
        {
            "type": "ClientAuthenticationFailed",
            "client_id": "app",
            "reason": "secret_wrong",
            "method": "client_secret_basic",
            "endpoint": endpoint,
        }
    ]


@pytest.mark.parametrize("client_id", ["app", "nobody"])
def test_a_flood_of_wrong_secrets_is_told_ten_times_and_counted(relying_party: RelyingParty, client_id: str) -> None:
    server = relying_party.installation
    for _ in range(40):
        assert replace(relying_party, client_id=client_id, secret="wrong").ask("token", "anything").status == 401
    assert len(told(server, "ClientAuthenticationFailed")) == 10
    (event,) = told(server, "RefusalsCounted")
    reason = "secret_wrong" if client_id == "app" else "client_unknown"
    assert (event["event"], event["reason"], event["count"]) == ("ClientAuthenticationFailed", reason, 30)


def test_a_flood_of_foreign_redirect_uris_is_told_ten_times_and_counted(relying_party: RelyingParty) -> None:
    server, browser = relying_party.installation, Browser(relying_party.installation)
    for number in range(25):
        relying_party.request(browser, redirect_uri=f"https://evil.example/{number}")
    assert len(told(server, "AuthorizationRefused")) == 10
    (event,) = told(server, "RefusalsCounted")
    assert (event["client_id"], event["reason"], event["count"]) == ("app", "redirect_uri_not_registered", 15)


def test_the_name_of_an_unknown_client_is_not_kept(server: Installation) -> None:
    header = {"Authorization": "Basic " + base64.b64encode(b"mallory:secret").decode()}
    assert server.post("/oauth2/token", {"grant_type": "client_credentials"}, headers=header).status == 401
    (event,) = told(server, "ClientAuthenticationFailed")
    assert event["reason"] == "client_unknown"
    assert "client_id" not in event


def test_a_foreign_redirect_uri_is_told_with_the_reference_of_the_page(relying_party: RelyingParty) -> None:
    server = relying_party.installation
    page = relying_party.request(Browser(server), redirect_uri="https://evil.example/")
    (event,) = told(server, "AuthorizationRefused")
    assert (event["reason"], event["client_id"]) == ("redirect_uri_not_registered", "app")
    assert str(event["reference"]) in page.text


def test_a_code_of_another_client_is_told_of_who_brought_it(relying_party: RelyingParty) -> None:
    server = relying_party.installation
    other = RelyingParty(server, *server.add_client("other"), verifier=relying_party.verifier)
    assert other.redeem(relying_party.code()).json["error"] == "invalid_grant"
    (event,) = told(server, "AuthorizationRefused")
    assert (event["reason"], event["client_id"]) == ("code_of_other_client", "other")


def test_a_disabled_client_is_told_and_a_mistake_is_not(relying_party: RelyingParty) -> None:
    server = relying_party.installation
    relying_party.request(Browser(server), prompt="nonsense")
    server.registration.disable("app")
    server.services.clients.forget()
    relying_party.request(Browser(server))
    assert [event["reason"] for event in told(server, "AuthorizationRefused")] == ["client_disabled"]


def test_a_full_disk_does_not_turn_a_refusal_into_an_error(
    relying_party: RelyingParty, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = relying_party.installation
    monkeypatch.setattr(server.services.spool, "_write", lambda line: (_ for _ in ()).throw(OSError(28, "full")))
    assert replace(relying_party, secret="wrong").ask("token", "anything").status == 401
