"""The token endpoint (RFC 6749 §3.2, §5)."""

from __future__ import annotations

import base64
import re

import pytest

from tests.installation import Answer, Installation
from tests.relying_party import RelyingParty

TOKEN = "/oauth2/token"
LEGAL = re.compile(r"[\x20-\x21\x23-\x5B\x5D-\x7E]*")


@pytest.fixture
def machine(server: Installation) -> RelyingParty:
    """A confidential client that acts for itself."""
    api = server.add_resource(scopes=("orders:read",))
    client = server.add_client(
        "machine",
        redirect_uris=(),
        grant_types=("client_credentials",),
        scopes=frozenset({"orders:read"}),
        resources=(api,),
        default_resource=api,
    )
    return RelyingParty(server, *client)


def basic(user: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()}


def assert_refused(answer: Answer, status: int, error: str) -> None:
    assert (answer.status, answer.json["error"]) == (status, error), answer.text
    assert LEGAL.fullmatch(answer.json["error_description"])
    assert answer.header("Cache-Control") == "no-store"
    assert answer.header("Content-Type") == "application/json"
    assert "access_token" not in answer.json


def test_a_good_request_is_answered_as_the_section_says(machine: RelyingParty) -> None:
    answer = machine.token_request(grant_type="client_credentials")
    assert answer.status == 200
    assert answer.json.keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert (answer.json["token_type"], answer.json["expires_in"]) == ("Bearer", 900)
    assert answer.all("Cache-Control") == ["no-store"]
    assert answer.header("Pragma") == "no-cache"
    assert answer.header("Content-Type") == "application/json"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_other_methods_than_post_are_refused(server: Installation, machine: RelyingParty, method: str) -> None:
    url = f"{TOKEN}?grant_type=client_credentials&client_id=machine&client_secret={machine.secret}"
    answer = server.request(method, url)
    assert answer.status == 405
    assert "POST" in (answer.header("Allow") or "")
    assert b"access_token" not in answer.body


def test_credentials_and_parameters_of_the_query_do_not_count(server: Installation, machine: RelyingParty) -> None:
    url = f"{TOKEN}?grant_type=client_credentials&client_id=machine&client_secret={machine.secret}"
    assert_refused(server.post(url), 401, "invalid_client")
    with_header = server.post(f"{TOKEN}?grant_type=client_credentials", headers=basic("machine", machine.secret))
    assert_refused(with_header, 400, "invalid_request")


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data; boundary=x"])
def test_a_body_that_is_no_form_is_refused(server: Installation, machine: RelyingParty, content_type: str) -> None:
    headers = basic("machine", machine.secret) | {"Content-Type": content_type}
    answer = server.request("POST", TOKEN, body=b"grant_type=client_credentials", headers=headers)
    assert_refused(answer, 400, "invalid_request")


def test_a_charset_after_the_content_type_does_not_matter(server: Installation, machine: RelyingParty) -> None:
    headers = basic("machine", machine.secret)
    headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
    assert server.request("POST", TOKEN, body=b"grant_type=client_credentials", headers=headers).status == 200


@pytest.mark.parametrize("body", [b"grant_type=%ff", b"\xff=1", b"grant_type=client_credentials&x=%ED%A0%80"])
def test_a_body_that_is_not_utf8_is_refused(server: Installation, machine: RelyingParty, body: bytes) -> None:
    answer = server.request("POST", TOKEN, body=body, headers=basic("machine", machine.secret))
    assert_refused(answer, 400, "invalid_request")


@pytest.mark.parametrize("name", ["grant_type", "scope", "whatever"])
def test_a_parameter_sent_twice_is_refused(machine: RelyingParty, name: str) -> None:
    values = {"grant_type": "client_credentials"} | {name: ["client_credentials", "client_credentials"]}
    assert_refused(machine.token_request(**values), 400, "invalid_request")


def test_a_parameter_without_a_value_counts_as_absent(machine: RelyingParty) -> None:
    assert machine.token_request(grant_type="client_credentials", scope="").status == 200
    assert_refused(machine.token_request(grant_type=""), 400, "invalid_request")


def test_unknown_parameters_are_ignored(machine: RelyingParty) -> None:
    assert machine.token_request(grant_type="client_credentials", colour="blue").status == 200


def test_a_parameter_that_is_too_long_is_refused(machine: RelyingParty) -> None:
    answer = machine.token_request(grant_type="client_credentials", scope="x" * 20_000)
    assert_refused(answer, 400, "invalid_request")


@pytest.mark.parametrize("grant_type", ["password", "implicit", "urn:ietf:params:oauth:grant-type:saml2-bearer", "☃"])
def test_an_unknown_grant_is_refused(machine: RelyingParty, grant_type: str) -> None:
    assert_refused(machine.token_request(grant_type=grant_type), 400, "unsupported_grant_type")


@pytest.mark.parametrize("grant_type", ["authorization_code", "refresh_token"])
def test_a_grant_that_the_client_did_not_register_is_refused(machine: RelyingParty, grant_type: str) -> None:
    answer = machine.token_request(grant_type=grant_type, code="x", redirect_uri="x", refresh_token="x")
    assert_refused(answer, 400, "unauthorized_client")


@pytest.mark.parametrize(
    ("grant_type", "missing"),
    [("authorization_code", "code"), ("authorization_code", "redirect_uri"), ("refresh_token", "refresh_token")],
)
def test_a_required_parameter_is_named_when_it_is_missing(
    relying_party: RelyingParty, grant_type: str, missing: str
) -> None:
    values = {"code": "x", "redirect_uri": "x", "refresh_token": "x", missing: ""}
    answer = relying_party.token_request(grant_type=grant_type, **values)
    assert_refused(answer, 400, "invalid_request")
    assert missing in answer.json["error_description"]


def test_who_used_the_header_is_told_to_use_it(server: Installation, machine: RelyingParty) -> None:
    answer = server.post(TOKEN, {"grant_type": "client_credentials"}, headers=basic("machine", "wrong"))
    assert_refused(answer, 401, "invalid_client")
    assert (answer.header("WWW-Authenticate") or "").startswith("Basic realm=")


def test_who_used_the_body_gets_no_challenge(server: Installation, machine: RelyingParty) -> None:
    form = {"grant_type": "client_credentials", "client_id": "machine", "client_secret": "wrong"}
    answer = server.post(TOKEN, form)
    assert_refused(answer, 401, "invalid_client")
    assert answer.header("WWW-Authenticate") is None


def test_a_stranger_learns_nothing_about_clients(server: Installation, machine: RelyingParty) -> None:
    server.add_client("post", token_endpoint_auth_method="client_secret_post")
    server.add_client("gone")
    server.registration.disable("gone")
    server.services.clients.forget()
    answers = [
        server.post(TOKEN, {"grant_type": "client_credentials"}, headers=basic(name, secret))
        for name, secret in (("machine", "wrong"), ("nobody", "wrong"), ("post", "wrong"), ("gone", "wrong"))
    ]
    shown = {re.sub(r"reference \S+", "", answer.json["error_description"]) for answer in answers}
    assert len(shown) == 1
    assert {answer.status for answer in answers} == {401}


def test_the_client_is_authenticated_before_its_grant_is_looked_at(server: Installation) -> None:
    assert_refused(server.post(TOKEN, {"grant_type": "nonsense"}), 401, "invalid_client")


def test_a_refusal_shows_its_reference_and_keeps_its_reason(server: Installation, machine: RelyingParty) -> None:
    answer = machine.token_request(grant_type="password")
    reference = re.search(r"reference (\S+)\)", answer.json["error_description"])
    assert reference is not None
    server.services.explanations.flush()
    with server.reading() as unit:
        explained = unit.refusals.find(reference[1])
    assert explained is not None
    assert explained.reason == "grant_type_unknown"


def test_no_key_for_the_wanted_algorithm_consumes_nothing(server: Installation) -> None:
    server.add_user()
    party = RelyingParty(server, *server.add_client(policy={"id_token_alg": "EdDSA"}))
    code = party.code()
    answer = party.redeem(code)
    assert_refused(answer, 500, "server_error")
    server.registration.update("app", {"policy": {"id_token_alg": "RS256"}})
    server.services.clients.forget()
    assert party.redeem(code).status == 200
