"""Authentication against the directory: one answer for every failure, equal work, current secrets."""

from __future__ import annotations

import base64
import hmac
from dataclasses import replace
from unittest.mock import Mock

import pytest
import time_machine

from authserver.clients.authentication import ClientAuthentication, credentials
from authserver.clients.directory import ClientDirectory
from authserver.clients.metadata import ClientMetadata
from authserver.clients.registration import ClientRegistration
from authserver.crypto.secrets import ClientSecrets
from authserver.protocol.errors import InvalidClient
from authserver.protocol.messages import FORM_CONTENT_TYPE, Request

SECRET = "a-secret-of-mine"


@pytest.fixture
def authentication(directory: ClientDirectory, client_secrets: ClientSecrets) -> ClientAuthentication:
    return ClientAuthentication(directory, client_secrets)


@pytest.fixture
def shop(registration: ClientRegistration, web_client: ClientMetadata) -> str:
    return registration.create(web_client, client_id="shop", secret=SECRET).client.id


def basic(client_id: str, secret: str) -> Request:
    encoded = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    return Request("POST", "/oauth2/token", headers={"authorization": f"Basic {encoded}"})


def posted(body: str) -> Request:
    return Request("POST", "/oauth2/token", headers={"content-type": FORM_CONTENT_TYPE}, body=body.encode())


def reason(authentication: ClientAuthentication, request: Request) -> str:
    with pytest.raises(InvalidClient) as refusal:
        authentication.authenticate(request)
    assert refusal.value.description == "Client authentication failed."
    return refusal.value.reason


def test_right_secret_authenticates(authentication: ClientAuthentication, shop: str) -> None:
    found = authentication.authenticate(basic(shop, SECRET))
    assert (found.client.id, found.method) == (shop, "client_secret_basic")


def test_every_failure_has_the_same_words_and_a_reason_of_its_own(
    authentication: ClientAuthentication, registration: ClientRegistration, directory: ClientDirectory, shop: str
) -> None:
    assert reason(authentication, basic("nobody", SECRET)) == "client_unknown"
    assert reason(authentication, basic(shop, "wrong-secret")) == "secret_wrong"
    assert reason(authentication, posted(f"client_id={shop}&client_secret={SECRET}")) == "method_not_registered"
    assert reason(authentication, posted(f"client_id={shop}")) == "method_not_registered"
    registration.disable(shop)
    directory.forget()
    assert reason(authentication, basic(shop, SECRET)) == "client_disabled"


def test_public_client_authenticates_by_name_and_never_by_a_secret(
    authentication: ClientAuthentication, registration: ClientRegistration, web_client: ClientMetadata
) -> None:
    public = replace(web_client, token_endpoint_auth_method="none")
    registration.create(public, client_id="spa")
    assert authentication.authenticate(posted("client_id=spa")).method == "none"
    assert reason(authentication, posted("client_id=spa&client_secret=guess")) == "method_not_registered"


def test_post_client_authenticates_from_the_body(
    authentication: ClientAuthentication, registration: ClientRegistration, web_client: ClientMetadata
) -> None:
    wanted = replace(web_client, token_endpoint_auth_method="client_secret_post")
    registration.create(wanted, client_id="poster", secret=SECRET)
    found = authentication.authenticate(posted(f"client_id=poster&client_secret={SECRET}"))
    assert found.method == "client_secret_post"
    assert reason(authentication, basic("poster", SECRET)) == "method_not_registered"


def test_old_secret_is_good_until_its_overlap_ends(
    frozen_time: time_machine.Traveller,
    authentication: ClientAuthentication,
    registration: ClientRegistration,
    directory: ClientDirectory,
    shop: str,
) -> None:
    fresh = registration.rotate_secret(shop, overlap=60).secret
    directory.forget()
    assert fresh is not None
    for secret in (SECRET, fresh):
        authentication.authenticate(basic(shop, secret))
    frozen_time.shift(60)
    assert reason(authentication, basic(shop, SECRET)) == "secret_wrong"
    authentication.authenticate(basic(shop, fresh))


def test_unknown_client_costs_the_work_of_a_known_one(
    authentication: ClientAuthentication, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    compare = Mock(side_effect=hmac.compare_digest)
    monkeypatch.setattr(credentials.hmac, "compare_digest", compare)
    counts = []
    for request in (basic(shop, "wrong-secret"), basic("nobody", "wrong-secret")):
        reason(authentication, request)
        counts.append(compare.call_count)
    assert counts == [1, 2]


def test_empty_secret_never_matches(authentication: ClientAuthentication, shop: str) -> None:
    assert reason(authentication, basic(shop, "")) == "secret_wrong"


def test_what_nobody_is_compared_with_lets_nobody_in(
    client_secrets: ClientSecrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_secrets, "generate", lambda: SECRET)
    assert not credentials.SecretVerifier(client_secrets).matches(None, SECRET)
