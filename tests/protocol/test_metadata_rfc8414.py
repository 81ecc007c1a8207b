"""Metadata says what is true: everything it names answers and works (RFC 8414, OpenID Connect Discovery)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from authserver import services as wiring
from authserver.clients.extensions import Extensions
from authserver.grants.client_credentials import ClientCredentials
from authserver.signing.rotation import Rotation
from tests import certificates
from tests.installation import Installation
from tests.relying_party import RelyingParty, claims_of

PATHS = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server")


def metadata(server: Installation) -> dict[str, Any]:
    return dict(server.get(PATHS[1]).json)


def local(server: Installation, url: str) -> str:
    assert url.startswith(server.settings.issuer + "/"), url
    return url.removeprefix(server.settings.issuer)


@pytest.mark.parametrize("path", PATHS)
def test_both_addresses_say_the_same_and_may_be_kept(server: Installation, path: str) -> None:
    answer = server.get(path)
    assert (answer.status, answer.header("Content-Type")) == (200, "application/json")
    assert answer.all("Cache-Control") == ["public, max-age=300"]
    assert answer.header("Access-Control-Allow-Origin") == "*"
    assert answer.json == metadata(server)
    again = server.get(path, headers={"If-None-Match": answer.header("ETag") or ""})
    assert (again.status, again.body) == (304, b"")


def test_the_issuer_is_that_of_the_tokens(server: Installation, relying_party: RelyingParty) -> None:
    claims = claims_of(relying_party.tokens()["access_token"])
    assert metadata(server)["issuer"] == claims["iss"] == server.settings.issuer


def test_every_endpoint_answers(server: Installation) -> None:
    endpoints = {name: url for name, url in metadata(server).items() if name.endswith(("_endpoint", "_uri"))}
    assert len(endpoints) >= 8
    for name, url in endpoints.items():
        statuses = {server.get(local(server, url)).status, server.post(local(server, url)).status}
        assert not statuses & {404, 500}, (name, statuses)


def test_every_grant_is_known_at_the_token_endpoint(server: Installation) -> None:
    party = RelyingParty(server, *server.add_client())
    for grant_type in set(metadata(server)["grant_types_supported"]) - {"implicit"}:
        assert party.token_request(grant_type=grant_type).json["error"] in {"invalid_request", "unauthorized_client"}
    assert party.token_request(grant_type="password").json["error"] == "unsupported_grant_type"


def test_a_grant_that_is_not_registered_is_gone_from_both(make_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wiring, "GRANTS", tuple(grant for grant in wiring.GRANTS if grant is not ClientCredentials))
    server = make_server()
    offered = metadata(server)["grant_types_supported"]
    assert "client_credentials" not in offered
    assert {"authorization_code", "refresh_token"} <= set(offered)
    party = RelyingParty(server, *server.add_client())
    assert party.token_request(grant_type="client_credentials").json["error"] == "unsupported_grant_type"


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
def test_every_authentication_method_works(server: Installation, method: str) -> None:
    found = metadata(server)
    assert method in found["token_endpoint_auth_methods_supported"]
    server.add_user()
    client_id, secret = server.add_client(token_endpoint_auth_method=method)
    party = RelyingParty(server, client_id, secret if method == "client_secret_basic" else "")
    extra = {"client_secret": secret} if method == "client_secret_post" else {}
    token = party.redeem(party.code(), **extra).json["access_token"]
    assert party.ask("revoke", token, **extra).status == 200
    introspection = party.ask("introspect", token, **extra).status
    listed = method in found["introspection_endpoint_auth_methods_supported"]
    assert introspection == (200 if listed else 401)


def test_the_methods_are_these(server: Installation) -> None:
    assert metadata(server)["token_endpoint_auth_methods_supported"] == [
        "client_secret_basic",
        "client_secret_jwt",
        "client_secret_post",
        "none",
        "private_key_jwt",
    ]


def test_certificate_methods_are_offered_where_certificates_arrive(make_server: Any, tmp_path: Path) -> None:
    ca, _ = certificates.authority().save(tmp_path, "ca")
    offered = metadata(make_server(client_certificate_ca=ca))["token_endpoint_auth_methods_supported"]
    assert "tls_client_auth" in offered
    assert "self_signed_tls_client_auth" not in offered
    behind = metadata(make_server(**certificates.BEHIND_A_PROXY))["token_endpoint_auth_methods_supported"]
    assert "self_signed_tls_client_auth" in behind
    assert "tls_client_auth" not in behind


@pytest.mark.parametrize("endpoint", ["token", "introspection", "revocation"])
def test_algorithms_of_assertions_are_listed_and_none_is_not_among_them(server: Installation, endpoint: str) -> None:
    found = metadata(server)[f"{endpoint}_endpoint_auth_signing_alg_values_supported"]
    assert found == ["RS256", "PS256", "ES256", "EdDSA", "HS256"]


def test_endpoints_that_ask_for_certificates_are_listed_under_their_own_address(make_server: Any) -> None:
    server = make_server(mtls_url="https://mtls.example/")
    found = metadata(server)
    aliases = found["mtls_endpoint_aliases"]
    assert aliases["token_endpoint"] == "https://mtls.example/oauth2/token"
    assert "authorization_endpoint" not in aliases
    for name, address in aliases.items():
        assert found[name].removeprefix(server.settings.issuer) == address.removeprefix("https://mtls.example")


def test_there_are_no_aliases_without_such_an_address(server: Installation) -> None:
    assert "mtls_endpoint_aliases" not in metadata(server)


def test_every_algorithm_signs_id_tokens(server: Installation) -> None:
    with server.unit() as unit:
        Rotation(server.settings, server.services.crypto.sealer, server.services.recorder).ensure(unit, ("EdDSA",))
    server.services.keyring.refresh()
    server.add_user()
    found = metadata(server)["id_token_signing_alg_values_supported"]
    assert found == ["ES256", "EdDSA", "RS256", "HS256", "none"]
    for alg in found:
        registered = Extensions(id_token_signed_response_alg=alg)
        party = RelyingParty(server, *server.add_client(alg.lower(), extensions=registered))
        assert "id_token" in party.tokens()


def test_a_new_scope_shows(server: Installation) -> None:
    assert "orders:read" not in metadata(server)["scopes_supported"]
    server.add_resource(scopes=("orders:read",))
    assert "orders:read" in metadata(server)["scopes_supported"]


def test_what_is_not_offered_is_said_to_be_not_offered(server: Installation) -> None:
    found = metadata(server)
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["authorization_response_iss_parameter_supported"] is True
    assert "none" not in found["request_object_signing_alg_values_supported"]
    assert found["display_values_supported"] == ["page"]


def test_unknown_neighbours_are_not_found(server: Installation) -> None:
    for path in ("/.well-known/openid-configuration/", "/.well-known/oauth-authorization-server/x", "/.well-known/"):
        assert server.get(path).status == 404
