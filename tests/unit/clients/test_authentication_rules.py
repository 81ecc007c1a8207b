"""A client registers a method that its profile allows, with all that the method needs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from authserver.clients.extensions import Extensions
from authserver.clients.metadata import ClientMetadata, validated
from authserver.protocol.errors import ValidationError

JWKS = "https://shop.example/jwks"


def check(wanted: ClientMetadata) -> ClientMetadata:
    return validated(wanted, {"openid", "profile"}, ())


@pytest.mark.parametrize("profile", ["fapi1-advanced", "fapi2-security", "fapi2-message-signing"])
@pytest.mark.parametrize(
    ("method", "good"),
    [
        ("none", False),
        ("client_secret_basic", False),
        ("client_secret_jwt", False),
        ("private_key_jwt", True),
        ("self_signed_tls_client_auth", True),
    ],
)
def test_fapi_clients_authenticate_with_keys(web_client: ClientMetadata, profile: str, method: str, good: bool) -> None:
    wanted = replace(web_client, profile=profile, token_endpoint_auth_method=method, jwks_uri=JWKS)
    if good:
        check(wanted)
        return
    with pytest.raises(ValidationError) as refusal:
        check(wanted)
    assert refusal.value.field in {"token_endpoint_auth_method", "policy"}


def test_override_narrows_the_methods_further(web_client: ClientMetadata) -> None:
    policy = {"authentication_methods": frozenset({"client_secret_basic"})}
    check(replace(web_client, policy=policy))
    with pytest.raises(ValidationError, match="takes client_secret_basic, not client_secret_post"):
        check(replace(web_client, policy=policy, token_endpoint_auth_method="client_secret_post"))


@pytest.mark.parametrize("method", ["private_key_jwt", "self_signed_tls_client_auth"])
def test_methods_with_published_keys_need_some(web_client: ClientMetadata, method: str) -> None:
    with pytest.raises(ValidationError, match="needs jwks or jwks_uri"):
        check(replace(web_client, token_endpoint_auth_method=method))


@pytest.mark.parametrize(
    ("method", "profile", "algorithm", "good"),
    [
        ("private_key_jwt", "default", "RS256", True),
        ("private_key_jwt", "default", "HS256", False),
        ("private_key_jwt", "default", "none", False),
        ("private_key_jwt", "fapi2-security", "PS256", True),
        ("private_key_jwt", "fapi2-security", "RS256", False),
        ("client_secret_jwt", "default", "HS256", True),
        ("client_secret_jwt", "default", "RS256", False),
        ("client_secret_basic", "default", "RS256", False),
        ("client_secret_basic", "default", "none", False),
    ],
)
def test_algorithm_of_assertions_is_one_of_the_method(
    web_client: ClientMetadata, method: str, profile: str, algorithm: str, good: bool
) -> None:
    members: dict[str, Any] = {"extensions": Extensions(token_endpoint_auth_signing_alg=algorithm), "jwks_uri": JWKS}
    wanted = replace(web_client, profile=profile, token_endpoint_auth_method=method, **members)
    if good:
        check(wanted)
        return
    with pytest.raises(ValidationError) as refusal:
        check(wanted)
    assert refusal.value.field == "token_endpoint_auth_signing_alg"


def test_public_client_has_no_secret_that_could_be_a_key(web_client: ClientMetadata) -> None:
    members = Extensions(id_token_signed_response_alg="HS256")
    with pytest.raises(ValidationError) as refusal:
        check(replace(web_client, token_endpoint_auth_method="none", extensions=members))
    assert refusal.value.field == "id_token_signed_response_alg"
