"""Which secrets are kept sealed, and what happens to them when their use changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from authserver.clients.directory import Client, ClientDirectory
from authserver.clients.extensions import Extensions
from authserver.clients.metadata import ClientMetadata
from authserver.clients.registration import ClientRegistration
from authserver.clients.secret_keys import SecretKeys
from authserver.crypto.secrets import ClientSecrets
from authserver.protocol.errors import ValidationError
from authserver.storage import Database
from authserver.storage.models.clients import ClientSecret

LONG = "a-secret-of-thirty-two-characters"
MAC = {"id_token_signed_response_alg": "HS256"}


@pytest.fixture
def keys(client_secrets: ClientSecrets) -> SecretKeys:
    return SecretKeys(client_secrets)


def rows(database: Database, client_id: str) -> list[ClientSecret]:
    with database.reading() as unit:
        return unit.client_secrets.live(client_id)


def client(directory: ClientDirectory, client_id: str) -> Client:
    directory.forget()
    found = directory.find(client_id)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("changes", "is_key"),
    [
        ({}, False),
        ({"token_endpoint_auth_method": "client_secret_post"}, False),
        ({"token_endpoint_auth_method": "client_secret_jwt"}, True),
        ({"extensions": Extensions(**MAC)}, True),
        ({"extensions": Extensions(id_token_signed_response_alg="ES256")}, False),
    ],
)
def test_only_a_secret_that_is_a_key_is_kept_sealed(
    registration: ClientRegistration,
    database: Database,
    web_client: ClientMetadata,
    changes: dict[str, Any],
    is_key: bool,
) -> None:
    registration.create(replace(web_client, **changes), client_id="shop")
    assert [row.sealed is not None for row in rows(database, "shop")] == [is_key]


def test_algorithms_with_a_shared_key_are_told_from_others() -> None:
    """How assertions are signed is said by the method itself."""
    shared = Extensions(id_token_signed_response_alg="HS256", request_object_encryption_alg="dir")
    assert shared.secret_algorithms == ("id_token_signed_response_alg", "request_object_encryption_alg")
    others = Extensions(token_endpoint_auth_signing_alg="HS256", id_token_encrypted_response_alg="ECDH-ES+A128KW")
    assert others.secret_algorithms == ()


def test_sealed_secret_opens_to_what_the_client_was_given(
    registration: ClientRegistration, directory: ClientDirectory, keys: SecretKeys, web_client: ClientMetadata
) -> None:
    made = registration.create(replace(web_client, token_endpoint_auth_method="client_secret_jwt"), client_id="shop")
    assert made.secret is not None
    assert keys.of(client(directory, "shop")) == (made.secret.encode(),)
    registration.create(web_client, client_id="plain")
    assert keys.of(client(directory, "plain")) == ()


def test_client_that_proves_itself_with_a_key_has_a_secret_where_that_is_a_key_too(
    registration: ClientRegistration, web_client: ClientMetadata
) -> None:
    wanted = replace(web_client, token_endpoint_auth_method="private_key_jwt", jwks_uri="https://shop.example/jwks")
    assert registration.create(wanted, client_id="without").secret is None
    assert registration.create(replace(wanted, extensions=Extensions(**MAC)), client_id="with").secret is not None


def test_secret_becomes_a_key_by_being_replaced(
    registration: ClientRegistration, directory: ClientDirectory, keys: SecretKeys, web_client: ClientMetadata
) -> None:
    registration.create(web_client, client_id="shop", secret=LONG)
    fresh = registration.update("shop", {"extensions": Extensions(**MAC)}).secret
    assert fresh is not None
    assert keys.of(client(directory, "shop")) == (fresh.encode(),)
    assert not [one for one in client(directory, "shop").secret_digests if one.sealed is None]


def test_secret_that_is_no_key_any_more_is_forgotten_and_stays_good(
    registration: ClientRegistration, directory: ClientDirectory, database: Database, web_client: ClientMetadata
) -> None:
    registration.create(replace(web_client, extensions=Extensions(**MAC)), client_id="shop", secret=LONG)
    assert registration.update("shop", {"extensions": Extensions()}).secret is None
    assert [row.sealed for row in rows(database, "shop")] == [None]


def test_secret_that_stays_a_key_is_not_replaced(
    registration: ClientRegistration, directory: ClientDirectory, keys: SecretKeys, web_client: ClientMetadata
) -> None:
    registration.create(replace(web_client, extensions=Extensions(**MAC)), client_id="shop", secret=LONG)
    assert registration.update("shop", {"name": "Shop 2"}).secret is None
    assert registration.update("shop", {"token_endpoint_auth_method": "client_secret_jwt"}).secret is None
    assert keys.of(client(directory, "shop")) == (LONG.encode(),)


def test_client_that_needs_none_any_more_has_none(
    registration: ClientRegistration, database: Database, web_client: ClientMetadata
) -> None:
    registration.create(replace(web_client, token_endpoint_auth_method="client_secret_jwt"), client_id="shop")
    changes = {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://shop.example/jwks"}
    assert registration.update("shop", changes).secret is None
    assert rows(database, "shop") == []


def test_newest_key_comes_first_while_two_are_good(
    registration: ClientRegistration, directory: ClientDirectory, keys: SecretKeys, web_client: ClientMetadata
) -> None:
    wanted = replace(web_client, token_endpoint_auth_method="client_secret_jwt")
    registration.create(wanted, client_id="shop", secret=LONG)
    fresh = registration.rotate_secret("shop", overlap=60).secret
    assert fresh is not None
    assert keys.of(client(directory, "shop")) == (fresh.encode(), LONG.encode())


def test_chosen_secret_that_is_a_key_is_as_long_as_its_mac(
    registration: ClientRegistration, web_client: ClientMetadata
) -> None:
    wanted = replace(web_client, token_endpoint_auth_method="client_secret_jwt")
    with pytest.raises(ValidationError, match="32 to 512"):
        registration.create(wanted, client_id="shop", secret=LONG[:31])


def test_sealed_secret_of_another_client_does_not_open(
    registration: ClientRegistration,
    directory: ClientDirectory,
    keys: SecretKeys,
    web_client: ClientMetadata,
    caplog: pytest.LogCaptureFixture,
) -> None:
    registration.create(replace(web_client, token_endpoint_auth_method="client_secret_jwt"), client_id="shop")
    assert keys.of(replace(client(directory, "shop"), id="other")) == ()
    assert "does not open" in caplog.text
