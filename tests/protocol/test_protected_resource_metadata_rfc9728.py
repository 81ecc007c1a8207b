"""How to get into a protected resource, told by the resource's metadata (RFC 9728)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from tests.installation import Answer, Installation
from tests.relying_party import RelyingParty, claims_of

WELL_KNOWN = "/.well-known/oauth-protected-resource"
API = "https://orders.example/v1"


def metadata_of(server: Installation, path: str = "") -> dict[str, Any]:
    answer = server.get(WELL_KNOWN + path)
    assert (answer.status, answer.header("Content-Type")) == (200, "application/json"), answer.text
    return dict(answer.json)


def metadata_address(answer: Answer) -> str:
    found = {re.search(r'resource_metadata="([^"]+)"', value)[1] for value in answer.all("WWW-Authenticate")}  # type: ignore[index]
    assert len(found) == 1
    return found.pop()


def test_the_issuer_describes_itself(server: Installation) -> None:
    issuer, found = server.settings.issuer, metadata_of(server)
    assert (found["resource"], found["authorization_servers"]) == (issuer, [issuer])
    assert {"openid", "profile", "email"} <= set(found["scopes_supported"])
    assert "ES256" in found["dpop_signing_alg_values_supported"]
    assert found["bearer_methods_supported"] == ["header"]


@pytest.mark.parametrize("named", ["https://sign-in.example", "https://sign-in.example/"])
def test_an_issuer_that_ends_with_a_slash_is_described_as_it_is(
    make_server: Callable[..., Installation], named: str
) -> None:
    """RFC 9728 §3.3: a client compares the resource exactly, but who asks need not know the slash."""
    server = make_server(issuer="https://sign-in.example/")
    assert metadata_of(server, f"?resource={quote(named, safe='')}")["resource"] == "https://sign-in.example/"
    assert metadata_of(server, "/oauth2/userinfo")["resource"] == "https://sign-in.example/oauth2/userinfo"


@pytest.mark.parametrize("name", [API, None])
def test_every_description_says_how_tokens_may_be_bound(server: Installation, name: str | None) -> None:
    server.add_resource(API, described=True)
    found = metadata_of(server, f"?resource={quote(name, safe='')}" if name else "/oauth2/userinfo")
    told = server.get("/.well-known/oauth-authorization-server").json
    for member in ("dpop_signing_alg_values_supported", "tls_client_certificate_bound_access_tokens"):
        assert found[member] == told[member]
    assert (found["authorization_servers"], bool(found["scopes_supported"])) == ([server.settings.issuer], not name)


def test_a_challenge_leads_to_the_metadata_of_what_was_asked(server: Installation) -> None:
    url = f"{server.settings.issuer}/oauth2/userinfo"
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        answer = server.get("/oauth2/userinfo", headers=headers)
        found = metadata_of(server, urlsplit(metadata_address(answer)).path.removeprefix(WELL_KNOWN))
        assert (answer.status, found["resource"]) == (401, url)
        assert found["bearer_methods_supported"] == ["header", "body"]


def test_what_the_metadata_name_can_be_asked_for(relying_party: RelyingParty) -> None:
    server = relying_party.installation
    resource = metadata_of(server, "/oauth2/userinfo")["resource"]
    tokens = relying_party.tokens(resource=resource)
    assert claims_of(tokens["access_token"])["aud"] == server.settings.issuer
    assert relying_party.userinfo(tokens["access_token"]).status == 200
    code = relying_party.code()
    assert relying_party.redeem(code, resource=resource).status == 200


def test_a_registered_resource_is_described_where_the_operator_wants_it(server: Installation) -> None:
    server.add_resource(API, scopes=("orders:read",), described=True)
    found = metadata_of(server, f"?resource={quote(API, safe='')}")
    assert (found["resource"], found["resource_name"]) == (API, "Orders")
    assert (found["scopes_supported"], found["bearer_methods_supported"]) == (["orders:read"], ["header"])
    assert found["authorization_servers"] == [server.settings.issuer]


def test_a_resource_on_this_host_is_described_by_its_path(server: Installation) -> None:
    uri = server.add_resource(f"{server.settings.issuer}/mcp", described=True)
    assert metadata_of(server, "/mcp")["resource"] == uri


@pytest.mark.parametrize("values", [{}, {"described": True, "enabled": False}])
def test_others_are_not_told_of(server: Installation, values: dict[str, Any]) -> None:
    server.add_resource(API, **values)
    answer = server.get(f"{WELL_KNOWN}?resource={quote(API, safe='')}")
    assert (answer.status, answer.json["error"]) == (404, "not_found")
    assert answer.json["error_description"] == "No such resource is described here."


@pytest.mark.parametrize("path", ["/nothing", "/", "?resource=https://unknown.example", "/%2e%2e/x"])
def test_what_is_not_described_is_not_found(server: Installation, path: str) -> None:
    assert server.get(WELL_KNOWN + path).status == 404


def test_scripts_of_every_origin_may_read_it(server: Installation) -> None:
    answer = server.get(WELL_KNOWN, headers={"Origin": "https://anywhere.example"})
    assert answer.header("Access-Control-Allow-Origin") == "*"
    assert "max-age=300" in (answer.header("Cache-Control") or "")


def test_who_has_the_newest_document_is_not_sent_it_again(server: Installation) -> None:
    tag = server.get(WELL_KNOWN).header("ETag") or ""
    answer = server.get(WELL_KNOWN, headers={"If-None-Match": tag})
    assert (answer.status, answer.body) == (304, b"")


def test_no_resource_takes_the_address_of_userinfo(server: Installation) -> None:
    with pytest.raises(Exception, match="issuer"):
        server.add_resource(f"{server.settings.issuer}/oauth2/userinfo")
