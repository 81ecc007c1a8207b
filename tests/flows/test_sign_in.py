"""A person signs in, an application gets tokens, a gateway checks them."""

from __future__ import annotations

import pytest

from tests.installation import Installation, install
from tests.relying_party import RelyingParty


@pytest.fixture
def server(settings) -> Installation:
    installation = install(settings)
    yield installation
    installation.services.close()


@pytest.fixture
def relying_party(server: Installation) -> RelyingParty:
    server.add_user()
    return RelyingParty(server, *server.add_client())


def test_person_signs_in_and_application_gets_tokens(relying_party: RelyingParty) -> None:
    tokens = relying_party.tokens()
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 900
    assert relying_party.userinfo(tokens["access_token"]).json["sub"]
    assert relying_party.introspect(tokens["access_token"])["active"] is True
