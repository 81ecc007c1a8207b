"""Client id metadata documents (draft-ietf-oauth-client-id-metadata-document)."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from authserver.clients import documents
from authserver.clients.authentication.assertions import ASSERTION_TYPE
from authserver.signing.keys import SigningKey, public_jwk
from authserver.tokens import jose
from tests import keys
from tests.installation import Answer, Installation
from tests.outbox import recorded
from tests.publisher import Publisher, publishing
from tests.relying_party import Browser, RelyingParty, claims_of

PATH = "/oauth/client.json"
REDIRECT_URI = "https://app.example/callback"


@pytest.fixture
def publisher(tmp_path: Path) -> Iterator[Publisher]:
    with publishing(tmp_path) as running:
        yield running


@pytest.fixture
def server(make_server: Callable[..., Installation], publisher: Publisher) -> Installation:
    installed = make_server(client_id_metadata_documents=True, **publisher.settings)
    installed.add_user()
    return installed


def publish(
    publisher: Publisher, path: str = PATH, *, status: int = 200, media_type: str = "application/json", **members: Any
) -> str:
    """Publish a client's document; its address, which is the client's id."""
    client_id = publisher.url(path)
    document = {"client_id": client_id, "client_name": "Photos", "redirect_uris": [REDIRECT_URI]} | members
    kept = {name: value for name, value in document.items() if value is not None}
    return publisher.publish(path, kept, status=status, media_type=media_type)


def forget_reads(server: Installation) -> None:
    server.services.authorize_collaborators.clients._reads.clear()


def test_a_person_signs_in_to_a_client_that_nobody_registered(server: Installation, publisher: Publisher) -> None:
    client_id = publish(publisher)
    tokens = RelyingParty(server, client_id).tokens(scope="openid")
    assert claims_of(tokens["id_token"])["aud"] == client_id
    assert claims_of(tokens["access_token"])["client_id"] == client_id


def test_the_consent_page_names_the_host_beside_the_name(server: Installation, publisher: Publisher) -> None:
    browser = Browser(server)
    page = browser.sign_in(RelyingParty(server, publish(publisher)).request(browser))
    assert "Photos (localhost)" in page.text


def test_the_client_is_a_row_of_its_own_origin(server: Installation, publisher: Publisher) -> None:
    client_id = publish(publisher)
    RelyingParty(server, client_id).request(Browser(server))
    client = server.services.clients.find(client_id)
    assert (client.origin, client.profile, client.auth_method) == ("document", "mcp", "none")
    assert [event["origin"] for event in recorded(server, "ClientCreated")] == ["document"]


def test_a_document_is_read_once_in_a_while(server: Installation, publisher: Publisher) -> None:
    party = RelyingParty(server, publish(publisher))
    for _ in range(3):
        party.request(Browser(server))
    assert publisher.asked == [PATH]


def test_coming_back_from_a_page_reads_no_document(server: Installation, publisher: Publisher) -> None:
    party, browser = RelyingParty(server, publish(publisher)), Browser(server)
    page = party.request(browser)
    forget_reads(server)
    page = browser.sign_in(page)
    forget_reads(server)
    assert "code" in party.response(browser.allow(page))
    assert publisher.asked == [PATH]


def test_a_change_of_the_document_makes_a_new_version(server: Installation, publisher: Publisher) -> None:
    client_id = publish(publisher)
    party = RelyingParty(server, client_id)
    party.request(Browser(server))
    publish(publisher, redirect_uris=["https://app.example/other"])
    forget_reads(server)
    assert party.request(Browser(server)).status == 400
    assert server.services.clients.find(client_id).redirect_uris == ("https://app.example/other",)
    assert len(recorded(server, "ClientUpdated")) == 1


def assert_refused(server: Installation, client_id: str) -> str:
    answer = RelyingParty(server, client_id).request(Browser(server))
    assert answer.status == 400
    assert answer.header("Location") is None
    return server.why(answer)


@pytest.mark.parametrize(
    "members",
    [
        {"client_id": None},
        {"client_id": "https://other.example/client.json"},
        {"client_secret": "hush"},
        {"client_secret_expires_at": 0},
        {"token_endpoint_auth_method": "client_secret_basic"},
        {"token_endpoint_auth_method": "client_secret_post"},
        {"redirect_uris": None},
        {"redirect_uris": ["http://app.example/callback"]},
        {"grant_types": ["client_credentials"]},
        {"jwks": {"keys": [{"kty": "oct", "k": "hush"}]}},
    ],
)
def test_a_bad_document_is_refused(server: Installation, publisher: Publisher, members: dict[str, Any]) -> None:
    assert assert_refused(server, publish(publisher, **members)) == "client_document_refused"
    assert recorded(server, "ClientCreated") == []


def test_a_document_that_is_no_json_or_too_long_is_refused(server: Installation, publisher: Publisher) -> None:
    html = publish(publisher, "/html", media_type="text/html")
    moved = publish(publisher, "/moved", status=404)
    array = publisher.publish("/array", [])
    long = publish(publisher, "/long", client_name="Photos", software_id="x" * 20_000)
    gone = publisher.url("/gone")
    for client_id in (html, moved, array, long, gone):
        assert assert_refused(server, client_id) == "client_document_refused"


def test_a_media_type_that_is_json_too_is_taken(server: Installation, publisher: Publisher) -> None:
    client_id = publish(publisher, media_type="application/client-metadata+json; charset=utf-8")
    assert RelyingParty(server, client_id).request(Browser(server)).status == 200


def test_a_document_is_read_anew_when_it_is_some_minutes_old(
    server: Installation, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    party, clients = RelyingParty(server, publish(publisher)), server.services.authorize_collaborators.clients
    party.request(Browser(server))
    publisher.published.clear()
    monkeypatch.setattr(clients, "_clock", lambda: time.monotonic() + documents.FRESH_SECONDS)
    assert assert_refused(server, party.client_id) == "client_document_refused"
    assert publisher.asked == [PATH, PATH]


def test_addresses_that_strangers_choose_are_not_remembered_without_end(
    server: Installation, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "CAPACITY", 2)
    for number in range(4):
        assert_refused(server, publisher.url(f"/{number}"))
    assert len(server.services.authorize_collaborators.clients._reads) == 2


def test_a_sector_that_does_not_know_the_client_is_refused(server: Installation, publisher: Publisher) -> None:
    sector = publisher.publish("/sector", ["https://other.example/callback"])
    client_id = publish(publisher, subject_type="pairwise", sector_identifier_uri=sector)
    assert assert_refused(server, client_id) == "client_document_refused"


def test_a_refused_document_is_not_asked_for_again_at_once(server: Installation, publisher: Publisher) -> None:
    client_id = publish(publisher, client_secret="hush")
    for _ in range(3):
        assert_refused(server, client_id)
    assert publisher.asked == [PATH]


def test_a_document_that_is_gone_ends_new_requests_and_no_old_tokens(
    server: Installation, publisher: Publisher
) -> None:
    party = RelyingParty(server, publish(publisher, grant_types=["authorization_code", "refresh_token"]))
    tokens = party.tokens(scope="openid offline_access")
    publisher.published.clear()
    forget_reads(server)
    assert assert_refused(server, party.client_id) == "client_document_refused"
    assert party.refresh(tokens["refresh_token"]).status == 200


def test_a_known_client_outlives_a_fault_of_its_host(server: Installation, publisher: Publisher) -> None:
    client_id = publish(publisher)
    RelyingParty(server, client_id).request(Browser(server))
    publisher.publish(PATH, {}, status=503)
    forget_reads(server)
    assert RelyingParty(server, client_id).request(Browser(server)).status == 200


@pytest.mark.parametrize(
    "path",
    ["", "/", "/../client.json", "/a/./client.json", "/client.json#fragment", "/" + "x" * 300, "/a\\b"],
)
def test_other_addresses_are_not_fetched(server: Installation, publisher: Publisher, path: str) -> None:
    assert assert_refused(server, publisher.url(path)) in {"client_unknown", "parameter_too_long"}
    assert publisher.asked == []


@pytest.mark.parametrize(
    "client_id",
    [
        "http://localhost/client.json",
        "https://user@localhost/client.json",
        "https://as.example/client",
        "https://as.example:443/client",
    ],
)
def test_neither_http_nor_users_nor_the_issuer_itself(
    make_server: Callable[..., Installation], publisher: Publisher, client_id: str
) -> None:
    server = make_server(client_id_metadata_documents=True, issuer="https://as.example", **publisher.settings)
    assert assert_refused(server, client_id) == "client_unknown"


def test_documents_are_off_unless_they_were_switched_on(
    make_server: Callable[..., Installation], publisher: Publisher
) -> None:
    server = make_server(**publisher.settings)
    assert assert_refused(server, publish(publisher)) == "client_unknown"
    assert publisher.asked == []
    assert "client_id_metadata_document_supported" not in server.get("/.well-known/oauth-authorization-server").json


def test_discovery_says_so(server: Installation) -> None:
    document = server.get("/.well-known/oauth-authorization-server").json
    assert document["client_id_metadata_document_supported"] is True


def test_clients_that_nobody_used_are_limited(make_server: Callable[..., Installation], publisher: Publisher) -> None:
    limited = {"client_id_metadata_documents": True, "registration_unused_limit": 1}
    server = make_server(**limited, **publisher.settings)
    assert RelyingParty(server, publish(publisher)).request(Browser(server)).status == 200
    assert assert_refused(server, publish(publisher, "/second.json")) == "client_document_refused"


def test_a_client_of_the_operator_is_never_fetched(server: Installation, publisher: Publisher) -> None:
    client_id = publish(publisher)
    server.add_client(client_id)
    assert RelyingParty(server, client_id).request(Browser(server)).status == 200
    assert publisher.asked == []


# --- endpoints that a client calls itself -----------------------------------------------------


def push(server: Installation, client_id: str) -> Answer:
    """A first request of a public client, pushed."""
    party = RelyingParty(server, client_id)
    query = parse_qsl(urlsplit(party.authorization_url()).query)
    return server.post("/oauth2/par", dict(query))


def key_client(publisher: Publisher, alg: str = "ES256") -> tuple[str, SigningKey]:
    """A client whose document has its key."""
    key = keys.signing(alg)
    jwk = public_jwk(alg, key.private.public_key())
    members = {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [jwk]}}
    return publish(publisher, **members), key


def push_signed(server: Installation, client_id: str, key: SigningKey) -> Answer:
    party = RelyingParty(server, client_id)
    query = dict(parse_qsl(urlsplit(party.authorization_url()).query))
    now = int(time.time())
    claims = {"iss": client_id, "sub": client_id, "aud": server.settings.issuer, "exp": now + 60}
    assertion = jose.sign(claims | {"jti": secrets.token_urlsafe()}, key, "JWT")
    return server.post("/oauth2/par", query | {"client_assertion": assertion, "client_assertion_type": ASSERTION_TYPE})


def test_a_client_that_was_never_seen_pushes_its_first_request(server: Installation, publisher: Publisher) -> None:
    client_id = publish(publisher)
    pushed = push(server, client_id)
    assert pushed.status == 201, pushed.text
    query = urlencode({"client_id": client_id, "request_uri": pushed.json["request_uri"]})
    browser = Browser(server)
    browser.open(f"/oauth2/authorize?{query}")
    assert browser.path == "/login"
    assert publisher.asked == [PATH]


def test_it_may_prove_itself_with_the_key_of_its_document(server: Installation, publisher: Publisher) -> None:
    client_id, key = key_client(publisher)
    pushed = push_signed(server, client_id, key)
    assert pushed.status == 201, pushed.text


def test_a_key_that_the_document_replaced_counts_at_once_where_it_is_read(
    server: Installation, publisher: Publisher
) -> None:
    client_id, _ = key_client(publisher)
    push_signed(server, client_id, keys.signing("ES256"))
    _, key = key_client(publisher, "PS256")
    forget_reads(server)
    assert push_signed(server, client_id, key).status == 201


@pytest.mark.parametrize("members", [{"client_id": "https://other.example/c"}, {"client_secret": "hush"}])
def test_a_bad_document_authenticates_nobody(
    server: Installation, publisher: Publisher, members: dict[str, Any]
) -> None:
    answer = push(server, publish(publisher, **members))
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")
    assert server.why(answer) == "client_document_refused"
    assert push(server, publisher.url(PATH)).status == 401
    assert publisher.asked == [PATH]


@pytest.mark.parametrize("client_id", ["https://127.0.0.1/c", "https://10.0.0.1/c", "https://[::1]/c"])
def test_addresses_that_are_nobody_elses_business_are_not_asked(server: Installation, client_id: str) -> None:
    answer = push(server, client_id)
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")
    assert server.why(answer) == "client_document_refused"


def test_nobody_is_asked_about_a_client_with_a_secret(server: Installation, publisher: Publisher) -> None:
    form = {"client_id": publish(publisher), "client_secret": "hush"}
    assert server.post("/oauth2/par", form).status == 401
    assert publisher.asked == []


def test_a_document_that_is_gone_begins_nothing(server: Installation, publisher: Publisher) -> None:
    client_id = publish(publisher)
    assert push(server, client_id).status == 201
    publisher.published.clear()
    forget_reads(server)
    assert push(server, client_id).status == 401
    assert server.post("/oauth2/device_authorization", {"client_id": client_id}).status == 401


def test_an_unknown_client_at_the_token_endpoint_is_found_by_its_document(
    server: Installation, publisher: Publisher
) -> None:
    form = {"client_id": publish(publisher), "grant_type": "refresh_token", "refresh_token": "x"}
    answer = server.post("/oauth2/token", form)
    assert answer.json["error"] == "unauthorized_client"


def test_documents_that_are_off_authenticate_nobody(
    make_server: Callable[..., Installation], publisher: Publisher
) -> None:
    answer = push(make_server(**publisher.settings), publish(publisher))
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")
    assert publisher.asked == []
