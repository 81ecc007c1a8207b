"""Client configuration endpoint (RFC 7592)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.installation import REDIRECT_URI, Installation
from tests.outbox import recorded
from tests.registrant import Registrant

OTHER_URI = "https://app.example/other"


@pytest.fixture
def server(make_server: Callable[..., Installation]) -> Installation:
    return make_server(registration="open")


@pytest.fixture
def registrant(server: Installation) -> Registrant:
    registered = Registrant(server)
    registered.register(client_name="Photos", initiate_login_uri="https://app.example/initiate_login")
    return registered


def test_a_client_reads_what_it_registered(registrant: Registrant) -> None:
    """oidcc-3rdparty-init-login reads the address back."""
    answer = registrant.manage("GET")
    assert (answer.status, answer.header("Cache-Control")) == (200, "no-store")
    secrets = {"client_secret", "client_secret_expires_at", "registration_access_token"}
    assert answer.json == {name: value for name, value in registrant.told.items() if name not in secrets}


def test_an_update_replaces_everything(server: Installation, registrant: Registrant) -> None:
    client_id = registrant.told["client_id"]
    answer = registrant.manage("PUT", {"client_id": client_id, "redirect_uris": [OTHER_URI], "client_name": "Films"})
    assert answer.status == 200
    assert (answer.json["redirect_uris"], answer.json["client_name"]) == ([OTHER_URI], "Films")
    assert "initiate_login_uri" not in answer.json
    assert "client_secret" not in answer.json
    assert server.services.clients.find(client_id).redirect_uris == (OTHER_URI,)


def test_what_was_read_can_be_written_back(registrant: Registrant) -> None:
    before = registrant.manage("GET").json
    assert registrant.manage("PUT", before).json == before


def test_an_update_may_name_the_secret_but_not_choose_it(registrant: Registrant) -> None:
    told = registrant.told
    wanted = {"client_id": told["client_id"], "redirect_uris": [REDIRECT_URI]}
    assert registrant.manage("PUT", wanted | {"client_secret": told["client_secret"]}).status == 200
    assert registrant.manage("PUT", wanted | {"client_secret": "chosen by myself"}).status == 400
    assert registrant.manage("PUT", wanted | {"client_secret": 7}).status == 400


def test_an_update_names_the_client(registrant: Registrant) -> None:
    assert registrant.manage("PUT", {"redirect_uris": [REDIRECT_URI]}).json["error"] == "invalid_client_metadata"


def test_an_update_follows_the_rules_of_registration(registrant: Registrant) -> None:
    wanted = {"client_id": registrant.told["client_id"], "redirect_uris": [REDIRECT_URI]}
    answer = registrant.manage("PUT", wanted | {"redirect_uris": ["https://app.example/#x"]})
    assert answer.json["error"] == "invalid_redirect_uri"
    stranger = registrant.manage("PUT", wanted | {"grant_types": ["client_credentials"]})
    assert stranger.json["error"] == "invalid_client_metadata"


def test_a_client_that_becomes_confidential_gets_a_secret(registrant: Registrant) -> None:
    wanted = {"client_id": registrant.told["client_id"], "redirect_uris": [REDIRECT_URI]}
    public = registrant.manage("PUT", wanted | {"token_endpoint_auth_method": "none"})
    assert (public.status, "client_secret" in public.json) == (200, False)
    confidential = registrant.manage("PUT", wanted)
    assert confidential.json["client_secret_expires_at"] == 0
    assert len(confidential.json["client_secret"]) > 20


def test_a_deleted_client_is_gone(server: Installation, registrant: Registrant) -> None:
    client_id = registrant.told["client_id"]
    answer = registrant.manage("DELETE")
    assert (answer.status, answer.body) == (204, b"")
    assert server.services.clients.find(client_id) is None
    assert registrant.manage("GET").status == 401
    assert [event["client_id"] for event in recorded(server, "ClientDeleted")] == [client_id]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_only_the_client_itself_may(server: Installation, registrant: Registrant, method: str) -> None:
    other = Registrant(server)
    other.register()
    document = {"client_id": registrant.told["client_id"]} if method == "PUT" else None
    for token in (other.told["registration_access_token"], registrant.told["client_secret"], "x" * 54):
        answer = registrant.manage(method, document, token)
        assert (answer.status, server.why(answer)) == (401, "registration_token_invalid")
        assert 'error="invalid_token"' in (answer.header("WWW-Authenticate") or "")
    assert registrant.manage("GET").status == 200


def test_without_a_token_nothing_is_told(server: Installation, registrant: Registrant) -> None:
    answer = server.get(registrant.told["registration_client_uri"])
    assert (answer.status, server.why(answer)) == (401, "registration_token_missing")


def test_clients_of_the_operator_have_no_such_address(server: Installation, registrant: Registrant) -> None:
    server.add_client()
    token = registrant.told["registration_access_token"]
    assert registrant.send("GET", "/oauth2/register/app", token=token).status == 401


def test_a_disabled_client_cannot_manage_itself(server: Installation, registrant: Registrant) -> None:
    server.registration.disable(registrant.told["client_id"])
    assert registrant.manage("GET").status == 401


@pytest.mark.parametrize("path", ["/oauth2/register/", "/oauth2/register/%00", "/oauth2/register/a/b"])
def test_addresses_of_nobody_are_refused(server: Installation, registrant: Registrant, path: str) -> None:
    token = registrant.told["registration_access_token"]
    assert registrant.send("GET", path, token=token).status in {400, 401}
