"""A person signs in, an application gets tokens, a gateway checks them."""

from __future__ import annotations

from tests.relying_party import RelyingParty


def test_person_signs_in_and_application_gets_tokens(relying_party: RelyingParty) -> None:
    tokens = relying_party.tokens()
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 900
    assert relying_party.userinfo(tokens["access_token"]).json["sub"]
    assert relying_party.introspect(tokens["access_token"])["active"] is True
