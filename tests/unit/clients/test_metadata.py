"""What a client may register, field by field."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from authserver.clients.metadata import ClientMetadata, validated
from authserver.protocol.errors import ValidationError

SCOPES = {"openid", "orders:read"}
RESOURCES = {"https://api.example"}


def check(wanted: ClientMetadata, **changes: Any) -> ClientMetadata:
    return validated(replace(wanted, **changes), SCOPES, RESOURCES)


@pytest.fixture
def wanted(web_client: ClientMetadata) -> ClientMetadata:
    return replace(web_client, scopes=frozenset({"openid"}))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": "line\nbreak"}, "name"),
        ({"application_type": "desktop"}, "application_type"),
        ({"token_endpoint_auth_method": "client_secret"}, "token_endpoint_auth_method"),
        ({"grant_types": ()}, "grant_types"),
        ({"grant_types": ("password",)}, "grant_types"),
        ({"grant_types": ("refresh_token",)}, "grant_types"),
        ({"grant_types": ("client_credentials",), "token_endpoint_auth_method": "none"}, "grant_types"),
        ({"redirect_uris": ()}, "redirect_uris"),
        ({"redirect_uris": tuple(f"https://shop.example/{i}" for i in range(101))}, "redirect_uris"),
        ({"scopes": frozenset({"nonsense"})}, "scope"),
        ({"scopes": frozenset({'quo"te'})}, "scope"),
        ({"resources": ("https://other.example",)}, "resources"),
        ({"default_resource": "https://api.example"}, "default_resource"),
        ({"origins": ("https://shop.example/path",)}, "origins"),
        ({"logo_uri": "http://shop.example/logo.png"}, "logo_uri"),
        ({"policy_uri": "javascript:alert(1)"}, "policy_uri"),
        ({"tos_uri": "data:text/html,x"}, "tos_uri"),
        ({"client_uri": "ftp://shop.example"}, "client_uri"),
        ({"contacts": ("x" * 256,)}, "contacts"),
        ({"profile": "unheard-of"}, "profile"),
        ({"policy": {"pkce": "optional"}}, "policy"),
        ({"jwks": {}}, "jwks"),
        ({"jwks": {"keys": ["text"]}}, "jwks"),
        ({"jwks": {"keys": [{"kty": "EC"}] * 51}}, "jwks"),
        ({"jwks": {"keys": [{"kty": "EC", "d": "secret"}]}}, "jwks"),
        ({"jwks": {"keys": []}, "jwks_uri": "https://shop.example/jwks"}, "jwks"),
    ],
)
def test_field_that_cannot_be_accepted_is_named(wanted: ClientMetadata, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        check(wanted, **changes)
    assert refusal.value.field == field


def test_everything_together_is_accepted(wanted: ClientMetadata) -> None:
    accepted = check(
        wanted,
        scopes=frozenset(SCOPES),
        resources=("https://api.example", "https://api.example"),
        default_resource="https://api.example",
        origins=("https://shop.example:443", "https://SHOP.example"),
        logo_uri="https://shop.example/logo.png",
        jwks={"keys": [{"kty": "EC"}]},
    )
    assert accepted.resources == ("https://api.example",)
    assert accepted.origins == ("https://shop.example",)


def test_response_types_follow_from_the_grants(wanted: ClientMetadata) -> None:
    assert check(wanted).allowed_response_types == ("code",)
    machine = check(wanted, grant_types=("client_credentials",), redirect_uris=())
    assert machine.allowed_response_types == ()
