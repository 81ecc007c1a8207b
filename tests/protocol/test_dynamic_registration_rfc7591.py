"""Dynamic client registration (RFC 7591, OpenID Connect Dynamic Client Registration 1.0)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.deep import nested
from tests.installation import REDIRECT_URI, Installation
from tests.outbox import recorded
from tests.registrant import Registrant, initial_access_tokens
from tests.relying_party import Browser, claims_of

CLIENT_CREDENTIALS = "client_credentials"


@pytest.fixture
def server(make_server: Callable[..., Installation]) -> Installation:
    return make_server(registration="open", registration_profile="oidc")


@pytest.fixture
def registrant(server: Installation) -> Registrant:
    return Registrant(server)


def assert_refused(registrant: Registrant, error: str, **members: Any) -> str:
    answer = registrant.ask(**members)
    assert (answer.status, answer.json["error"]) == (400, error), answer.text
    assert answer.header("Cache-Control") == "no-store"
    return registrant.installation.why(answer)


def test_a_client_registers_and_signs_people_in(server: Installation, registrant: Registrant) -> None:
    """oidcc-server with a dynamic client."""
    server.add_user()
    told = registrant.register(client_name="Photos")
    assert told["client_secret_expires_at"] == 0
    assert told["registration_client_uri"].endswith(f"/oauth2/register/{told['client_id']}")
    assert claims_of(registrant.party.tokens()["id_token"])["aud"] == told["client_id"]


def test_the_answer_is_json_that_nobody_stores(registrant: Registrant) -> None:
    answer = registrant.ask()
    assert answer.status == 201
    assert (answer.header("Content-Type"), answer.header("Cache-Control")) == ("application/json", "no-store")


def test_what_is_left_out_has_the_defaults_of_the_specifications(registrant: Registrant) -> None:
    told = registrant.register()
    assert told["grant_types"] == ["authorization_code"]
    assert told["response_types"] == ["code"]
    assert told["token_endpoint_auth_method"] == "client_secret_basic"
    assert told["application_type"] == "web"
    assert told["id_token_signed_response_alg"] == "RS256"
    assert told["subject_type"] == "public"
    assert told["scope"] == "address email offline_access openid phone profile"
    assert told["client_name"] == "app.example"


def test_null_means_left_out(registrant: Registrant) -> None:
    answer = registrant.send("POST", "/oauth2/register", {"redirect_uris": [REDIRECT_URI], "scope": None})
    assert answer.json["scope"] == "address email offline_access openid phone profile"


def test_everything_registered_is_told(registrant: Registrant) -> None:
    wanted = {
        "client_name": "Photos",
        "client_name#de": "Fotos",
        "logo_uri": "https://app.example/logo.png",
        "policy_uri": "https://app.example/privacy",
        "tos_uri": "https://app.example/terms",
        "contacts": ["ops@app.example"],
        "initiate_login_uri": "https://app.example/initiate_login",
        "default_max_age": 3600,
        "require_auth_time": True,
        "default_acr_values": ["1"],
        "frontchannel_logout_uri": "https://app.example/frontchannel_logout",
        "frontchannel_logout_session_required": True,
        "backchannel_logout_uri": "https://logout.example/backchannel_logout",
        "post_logout_redirect_uris": ["https://app.example/bye"],
        "request_uris": ["https://app.example/request#digest"],
        "id_token_signed_response_alg": "ES256",
        "software_id": "photos",
    }
    told = registrant.register(**wanted)
    assert {name: told.get(name) for name in wanted} == wanted


def test_unknown_members_are_passed_over(registrant: Registrant) -> None:
    """RFC 7591 §2: what a server does not understand is ignored, and not stored either."""
    assert "favourite_colour" not in registrant.register(favourite_colour="green", first_party=True, policy={})


@pytest.mark.parametrize("member", ["profile", "resources", "origins", "first_party", "client_id", "client_secret"])
def test_what_is_the_operators_cannot_be_chosen(registrant: Registrant, member: str) -> None:
    told = registrant.register(**{member: "mine"})
    assert told.get(member) != "mine"


@pytest.mark.parametrize("uri", [f"{REDIRECT_URI}#fragment", "javascript://app.example/x", "http://app.example/", ""])
def test_a_bad_redirect_uri_is_named_as_such(registrant: Registrant, uri: str) -> None:
    """oidcc-redirect-uri-regfrag."""
    assert_refused(registrant, "invalid_redirect_uri", redirect_uris=[uri])


def test_a_flow_through_the_browser_needs_a_redirect_uri(registrant: Registrant) -> None:
    assert_refused(registrant, "invalid_redirect_uri", redirect_uris=None)


@pytest.mark.parametrize("uri", ["https://localhost/callback", "http://127.0.0.1/callback"])
def test_implicit_web_clients_use_https_and_not_localhost(registrant: Registrant, uri: str) -> None:
    members = {"grant_types": ["implicit"], "response_types": ["id_token"]}
    assert_refused(registrant, "invalid_redirect_uri", redirect_uris=[uri], **members)
    assert registrant.register(redirect_uris=[uri], application_type="native", **members)


def test_response_types_bring_their_grants(registrant: Registrant) -> None:
    told = registrant.register(response_types=["token id_token code"])
    assert told["response_types"] == ["code id_token token"]
    assert told["grant_types"] == ["authorization_code", "implicit"]


def test_a_login_page_of_the_client_is_https(registrant: Registrant) -> None:
    """oidcc-3rdparty-init-login with an http address."""
    assert_refused(registrant, "invalid_client_metadata", initiate_login_uri="http://app.example/login")


@pytest.mark.parametrize(
    "members",
    [
        {"token_endpoint_auth_method": "magic"},
        {"grant_types": ["password"]},
        {"grant_types": "authorization_code"},
        {"client_name": ["Photos"]},
        {"client_name": "a\u0000b"},
        {"contacts": [7]},
        {"default_max_age": -1},
        {"default_max_age": True},
        {"require_auth_time": "yes"},
        {"jwks": []},
        {"jwks": {"keys": [{"kty": "RSA", "n": "x", "e": "AQAB", "d": "private"}]}},
        {"jwks": {"keys": [{"kty": "oct", "k": "secret"}]}},
        {"jwks": {"keys": []}, "jwks_uri": "https://app.example/jwks"},
        {"jwks": {"keys": [{"kty": "RSA", "kid": "a\u0000b"}]}},
        {"jwks": {"keys": [{"kty": "RSA", "x5c": nested(300)}]}},
        {"jwks_uri": "http://app.example/jwks"},
        {"logo_uri": "javascript:alert(1)"},
        {"logo_uri#de": "javascript:alert(1)"},
        {"subject_type": "secret"},
        {"response_types": ["code id_token"], "grant_types": ["authorization_code"]},
        {"id_token_signed_response_alg": "RS1"},
        {"request_object_signing_alg": "none"},
        {"request_uris": ["http://app.example/request"]},
        {"frontchannel_logout_uri": "https://elsewhere.example/logout"},
        {"backchannel_logout_uri": "https://app.example/logout#fragment"},
        {"id_token_encrypted_response_enc": "A128GCM"},
        {"id_token_encrypted_response_alg": "RSA-OAEP-256"},
        {"request_object_encryption_alg": "RSA1_5"},
        {"backchannel_token_delivery_mode": "push"},
        {"tls_client_auth_san_dns": "app.example"},
    ],
)
def test_bad_metadata_is_refused(registrant: Registrant, members: dict[str, Any]) -> None:
    assert_refused(registrant, "invalid_client_metadata", **members)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"text"', b"null", b"\xff", b"[" * 5000])
def test_a_body_that_is_no_object_is_refused(server: Installation, body: bytes) -> None:
    answer = server.request("POST", "/oauth2/register", body=body, headers={"Content-Type": "application/json"})
    assert (answer.status, answer.json["error"]) == (400, "invalid_client_metadata")


def test_a_form_is_refused(server: Installation) -> None:
    assert server.post("/oauth2/register", {"redirect_uris": REDIRECT_URI}).json["error"] == "invalid_client_metadata"


def test_encryption_without_a_content_algorithm_has_the_default_one(registrant: Registrant) -> None:
    told = registrant.register(request_object_encryption_alg="ECDH-ES")
    assert told["request_object_encryption_enc"] == "A128CBC-HS256"


@pytest.mark.parametrize("response_type", ["code", "code token"])
def test_id_tokens_without_signature_come_from_the_token_endpoint(registrant: Registrant, response_type: str) -> None:
    """`oidcc-idtoken-unsigned`."""
    told = registrant.register(id_token_signed_response_alg="none", response_types=[response_type])
    assert told["id_token_signed_response_alg"] == "none"


def test_id_tokens_without_signature_do_not_come_through_the_browser(registrant: Registrant) -> None:
    hybrid = {"response_types": ["code id_token"], "id_token_signed_response_alg": "none"}
    assert_refused(registrant, "invalid_client_metadata", **hybrid)


def test_a_secret_as_key_needs_a_secret(registrant: Registrant) -> None:
    public = {"token_endpoint_auth_method": "none", "id_token_signed_response_alg": "HS256"}
    assert_refused(registrant, "invalid_client_metadata", **public)


def test_a_public_client_has_no_secret(registrant: Registrant) -> None:
    assert "client_secret" not in registrant.register(token_endpoint_auth_method="none")


def test_scripts_of_a_public_client_may_call_from_where_it_takes_people(
    server: Installation, registrant: Registrant
) -> None:
    told = registrant.register(token_endpoint_auth_method="none")
    assert server.services.clients.find(told["client_id"]).origins == {"https://app.example"}


def test_a_script_of_any_origin_may_register(server: Installation) -> None:
    answer = server.request(
        "OPTIONS",
        "/oauth2/register",
        headers={"Origin": "https://app.example", "Access-Control-Request-Method": "POST"},
    )
    assert answer.header("Access-Control-Allow-Origin") == "*"


def test_offline_access_yields_a_refresh_token(server: Installation, registrant: Registrant) -> None:
    """oidcc-refresh-token with a dynamic client."""
    server.add_user()
    registrant.register(grant_types=["authorization_code", "refresh_token"])
    tokens = registrant.party.tokens(scope="openid offline_access", prompt="consent")
    assert registrant.party.refresh(tokens["refresh_token"]).status == 200


def test_scopes_that_are_not_open_are_left_out(server: Installation, registrant: Registrant) -> None:
    server.add_resource("https://closed.example", scopes=("closed:read",))
    server.add_resource("https://open.example", scopes=("open:read",), dynamic_clients=True)
    told = registrant.register(scope="openid closed:read open:read nonsense")
    assert told["scope"] == "open:read openid"


def test_a_resource_is_open_to_such_clients_if_the_operator_says_so(
    server: Installation, registrant: Registrant
) -> None:
    server.add_user()
    registrant.register()
    server.add_resource("https://closed.example", scopes=("closed:read",))
    server.add_resource("https://open.example", scopes=("open:read",), dynamic_clients=True)
    party, browser = registrant.party, Browser(server)
    refused = party.sign_in(browser, scope="openid", resource="https://closed.example")
    assert refused["error"] == "invalid_target"
    assert party.sign_in(browser, scope="openid closed:read")["error"] == "invalid_scope"
    code = party.code(browser, scope="open:read", resource="https://open.example")
    assert claims_of(party.redeem(code).json["access_token"])["scope"] == "open:read"


@pytest.mark.parametrize(
    "members",
    [
        {"grant_types": [CLIENT_CREDENTIALS]},
        {"grant_types": ["urn:ietf:params:oauth:grant-type:token-exchange"]},
        {"grant_types": ["urn:ietf:params:oauth:grant-type:jwt-bearer"]},
        {"grant_types": ["urn:openid:params:grant-type:ciba"], "backchannel_token_delivery_mode": "poll"},
    ],
)
def test_strangers_get_no_grant_without_a_person_at_a_browser(
    server: Installation, registrant: Registrant, members: dict[str, Any]
) -> None:
    """What an initial access token would allow is refused without one, for that reason alone."""
    assert "initial access token" in registrant.ask(**members).json["error_description"]
    issued = initial_access_tokens(server).create("default")
    assert registrant.ask(initial_token=issued.value, **members).status == 201


# --- who may register -------------------------------------------------------------------------


def test_registration_is_closed_unless_it_was_opened(make_server: Callable[..., Installation]) -> None:
    server = make_server()
    answer = Registrant(server).ask()
    assert (answer.status, answer.json["error"]) == (403, "access_denied")
    assert server.why(answer) == "registration_closed"
    assert "registration_endpoint" not in server.get("/.well-known/openid-configuration").json


def test_discovery_names_the_endpoint(server: Installation) -> None:
    document = server.get("/.well-known/openid-configuration").json
    assert document["registration_endpoint"] == f"{server.settings.issuer}/oauth2/register"


def test_registration_by_token_needs_one(make_server: Callable[..., Installation]) -> None:
    server = make_server(registration="token")
    answer = Registrant(server).ask()
    assert (answer.status, answer.json["error"]) == (401, "invalid_token")
    assert answer.header("WWW-Authenticate") == 'Bearer realm="registration"'


def test_an_initial_access_token_gives_its_profile_once(make_server: Callable[..., Installation]) -> None:
    server = make_server(registration="token")
    issued = initial_access_tokens(server).create("oidc")
    registrant = Registrant(server)
    told = registrant.register(initial_token=issued.value, grant_types=[CLIENT_CREDENTIALS])
    assert server.services.clients.find(told["client_id"]).profile == "oidc"
    again = registrant.ask(initial_token=issued.value)
    assert (again.status, server.why(again)) == (401, "initial_token_invalid")
    [used] = recorded(server, "InitialAccessTokenUsed")
    assert (used["token_id"], used["client_id"]) == (issued.token.id, told["client_id"])
    assert recorded(server, "ClientCreated")[-1]["origin"] == "token"


def test_what_is_refused_does_not_use_a_token_up(make_server: Callable[..., Installation]) -> None:
    server = make_server(registration="token")
    issued = initial_access_tokens(server).create("oidc")
    registrant = Registrant(server)
    assert registrant.ask(initial_token=issued.value, subject_type="secret").status == 400
    assert registrant.ask(initial_token=issued.value).status == 201


def test_a_revoked_or_expired_token_is_worth_nothing(
    make_server: Callable[..., Installation], frozen_time: Any
) -> None:
    server = make_server(registration="token")
    tokens = initial_access_tokens(server)
    revoked, expiring = tokens.create("oidc"), tokens.create("oidc", lifetime=60)
    tokens.revoke(revoked.token.id)
    assert Registrant(server).ask(initial_token=revoked.value).status == 401
    frozen_time.shift(61)
    assert Registrant(server).ask(initial_token=expiring.value).status == 401


def test_a_bad_token_is_refused_even_where_none_is_needed(registrant: Registrant) -> None:
    assert registrant.ask(initial_token="nonsense").status == 401


def test_strangers_are_limited_by_number(make_server: Callable[..., Installation]) -> None:
    server = make_server(registration="open", registration_unused_limit=2)
    registrant = Registrant(server)
    assert [registrant.ask().status for _ in range(3)] == [201, 201, 403]
    issued = initial_access_tokens(server).create("default")
    assert registrant.ask(initial_token=issued.value).status == 201


def test_strangers_are_limited_by_address(make_server: Callable[..., Installation]) -> None:
    server = make_server(registration="open", rate_limit_register="2/hour")
    registrant = Registrant(server)
    assert [registrant.ask().status for _ in range(3)] == [201, 201, 429]
