"""Every authorization response says whose it is (RFC 9207)."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.relying_party import Browser, RelyingParty, hidden_fields


def test_code_comes_with_the_issuer(relying_party: RelyingParty) -> None:
    response = relying_party.sign_in(Browser(relying_party.installation))
    assert response["iss"] == relying_party.installation.settings.issuer


@pytest.mark.parametrize(
    "parameters", [{"prompt": "none"}, {"scope": " "}, {"response_type": "token"}, {"code_challenge": None}]
)
def test_errors_come_with_the_issuer(relying_party: RelyingParty, parameters: dict[str, object]) -> None:
    answer = relying_party.request(Browser(relying_party.installation), **parameters)
    response = relying_party.response(answer)
    assert "error" in response
    assert response["iss"] == relying_party.installation.settings.issuer


def test_issuer_is_in_fragments_and_forms_too(relying_party: RelyingParty) -> None:
    server = relying_party.installation
    answer = relying_party.request(Browser(server), prompt="none", response_mode="fragment")
    assert dict(parse_qsl(urlsplit(answer.location).fragment))["iss"] == server.settings.issuer
    page = relying_party.request(Browser(server), prompt="none", response_mode="form_post")
    assert hidden_fields(page)["iss"] == server.settings.issuer


def test_metadata_promises_it(relying_party: RelyingParty) -> None:
    metadata = relying_party.installation.get("/.well-known/oauth-authorization-server").json
    assert metadata["authorization_response_iss_parameter_supported"] is True
    assert metadata["issuer"] == relying_party.installation.settings.issuer
