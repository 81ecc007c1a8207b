"""Clients and resource servers that nobody here wrote: requests-oauthlib, and checks of tokens by Authlib and PyJWT."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests
from authlib.oauth2.rfc6749.resource_protector import ResourceProtector
from authlib.oauth2.rfc6750.errors import InsufficientScopeError, InvalidTokenError
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from joserfc.jwk import KeySet
from oauthlib.oauth2 import BackendApplicationClient, InvalidGrantError
from requests_oauthlib import OAuth2Session

from tests.integration.person import Person, add_person
from tests.servers.authserver import Instance, running

CALLBACK = "http://127.0.0.1:9/callback"
ORDERS, BILLS = "https://api.example/orders", "https://api.example/bills"
RFC_9068_CLAIMS = ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"]


@dataclass
class Ground:
    """A server with a person, two resources, a web application and a job."""

    instance: Instance
    subject: str
    web: dict[str, Any]
    job: dict[str, Any]

    def endpoint(self, name: str) -> str:
        """The address of an endpoint, as the metadata say."""
        return str(self.metadata[f"{name}_endpoint"])

    @property
    def metadata(self) -> dict[str, Any]:
        """The server's metadata (RFC 8414), fetched over HTTP."""
        found = requests.get(f"{self.instance.issuer}/.well-known/oauth-authorization-server", timeout=60)
        return dict(found.json())


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """One server for the module."""
    with running(tmp_path_factory.mktemp("server")) as instance:
        subject = add_person(instance)
        instance.create("resources", "--id", ORDERS, "--name", "Orders", "--scope", "orders.read orders.write")
        instance.create("resources", "--id", BILLS, "--name", "Bills", "--scope", "bills.read")
        both = ("--resource", ORDERS, BILLS, "--default-resource", ORDERS)
        scope = ("--scope", "openid email offline_access orders.read")
        web = instance.create("clients", "--name", "Web", "--redirect-uri", CALLBACK, *scope, *both)
        job_scope = ("--scope", "orders.read orders.write bills.read")
        job = instance.create("clients", "--name", "Job", "--grant", "client_credentials", *job_scope, *both)
        yield Ground(instance, subject, web, job)


@pytest.fixture(autouse=True)
def _loopback_without_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


def signed_in(ground: Ground, *scope: str, **parameters: str) -> OAuth2Session:
    """A session of requests-oauthlib with tokens of ada."""
    client_id, secret = ground.web["client_id"], ground.web["client_secret"]
    session = OAuth2Session(client_id, redirect_uri=CALLBACK, scope=scope, pkce="S256")
    url, _state = session.authorization_url(ground.endpoint("authorization"), **parameters)
    answer = Person(ground.instance.issuer).sign_in(url)
    session.fetch_token(ground.endpoint("token"), authorization_response=answer, client_secret=secret)
    return session


def job_token(ground: Ground, *, scope: str = "orders.read", **values: str) -> str:
    """An access token that the job got for itself with requests-oauthlib."""
    session = OAuth2Session(client=BackendApplicationClient(ground.job["client_id"], scope=scope.split()))
    secret = ground.job["client_secret"]
    return str(session.fetch_token(ground.endpoint("token"), client_secret=secret, **values)["access_token"])


# --- requests-oauthlib ------------------------------------------------------------------------


def test_requests_oauthlib_signs_in_and_refreshes(ground: Ground) -> None:
    session = signed_in(ground, "openid", "email", "offline_access", prompt="consent")
    before = dict(session.token)
    secret = (ground.web["client_id"], ground.web["client_secret"])
    after = session.refresh_token(ground.endpoint("token"), auth=secret)
    assert after["refresh_token"] != before["refresh_token"]
    # The tokens are for the default resource; UserInfo is opened by those for the server itself.
    assert claims_of(after["access_token"])["sub"] == ground.subject


def test_requests_oauthlib_refreshes_by_itself(ground: Ground) -> None:
    session = signed_in(ground, "openid", "offline_access", prompt="consent")
    kept: list[dict[str, Any]] = []
    session.auto_refresh_url, session.token_updater = ground.endpoint("token"), kept.append
    session.token = dict(session.token) | {"expires_at": 1}
    secret = {"client_id": ground.web["client_id"], "client_secret": ground.web["client_secret"]}
    session.get(f"{ground.instance.issuer}/health/live", **secret)
    assert claims_of(kept[0]["access_token"])["sub"] == ground.subject


def test_a_code_is_good_once_for_requests_oauthlib_too(ground: Ground) -> None:
    client_id, secret = ground.web["client_id"], ground.web["client_secret"]
    session = OAuth2Session(client_id, redirect_uri=CALLBACK, scope=["openid"], pkce="S256")
    url, _state = session.authorization_url(ground.endpoint("authorization"))
    answer = Person(ground.instance.issuer).sign_in(url)
    assert parse_qs(urlsplit(answer).query)["iss"] == [ground.instance.issuer]
    session.fetch_token(ground.endpoint("token"), authorization_response=answer, client_secret=secret)
    with pytest.raises(InvalidGrantError):
        session.fetch_token(ground.endpoint("token"), authorization_response=answer, client_secret=secret)


def test_a_job_gets_a_token_for_itself(ground: Ground) -> None:
    claims = claims_of(job_token(ground))
    assert (claims["sub"], claims["aud"]) == (ground.job["client_id"], ORDERS)


# --- a resource server by RFC 9068, with Authlib ----------------------------------------------


class Validator(JWTBearerTokenValidator):
    """Authlib's checks, with the keys fetched over HTTP."""

    def __init__(self, ground: Ground, resource: str) -> None:
        super().__init__(issuer=ground.instance.issuer, resource_server=resource)
        self.jwks_uri = ground.metadata["jwks_uri"]

    def get_jwks(self) -> Any:
        """The key set."""
        return KeySet.import_key_set(requests.get(self.jwks_uri, timeout=60).json())


def admit(ground: Ground, token: str, *, resource: str = ORDERS, scope: str = "orders.read") -> Any:
    """What a resource server that Authlib protects learns from a token."""
    protector = ResourceProtector()
    protector.register_token_validator(Validator(ground, resource))
    request = SimpleNamespace(headers={"Authorization": f"Bearer {token}"})
    return protector.validate_request([scope], request)


def test_authlib_admits_the_job(ground: Ground) -> None:
    assert admit(ground, job_token(ground))["client_id"] == ground.job["client_id"]


def test_authlib_admits_a_person(ground: Ground) -> None:
    token = signed_in(ground, "openid", "orders.read").token["access_token"]
    claims = admit(ground, token)
    assert (claims["sub"], claims["client_id"]) == (ground.subject, ground.web["client_id"])
    assert {"auth_time", "acr", "amr"} <= set(claims)


def test_authlib_refuses_a_token_for_another_resource(ground: Ground) -> None:
    token = job_token(ground, scope="bills.read", resource=BILLS)
    assert admit(ground, token, resource=BILLS, scope="bills.read")["aud"] == BILLS
    with pytest.raises(InvalidTokenError):
        admit(ground, token, scope="bills.read")


def test_authlib_refuses_a_token_without_the_scope(ground: Ground) -> None:
    with pytest.raises(InsufficientScopeError):
        admit(ground, job_token(ground), scope="orders.write")


def test_authlib_takes_an_id_token_for_none(ground: Ground) -> None:
    token = signed_in(ground, "openid").token["id_token"]
    with pytest.raises(InvalidTokenError):
        admit(ground, token, resource=ground.web["client_id"], scope="")


def test_authlib_refuses_a_changed_token(ground: Ground) -> None:
    head, body, signature = job_token(ground).split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    forged = base64.urlsafe_b64encode(json.dumps(claims | {"scope": "orders.write"}).encode()).rstrip(b"=").decode()
    with pytest.raises(InvalidTokenError):
        admit(ground, f"{head}.{forged}.{signature}", scope="orders.write")


# --- a strict one with PyJWT ------------------------------------------------------------------


def test_pyjwt_finds_every_claim_of_rfc_9068(ground: Ground) -> None:
    token = signed_in(ground, "openid", "orders.read").token["access_token"]
    key = jwt.PyJWKClient(ground.metadata["jwks_uri"]).get_signing_key_from_jwt(token)
    options: Any = {"require": RFC_9068_CLAIMS, "strict_aud": False}
    found = jwt.decode_complete(
        token, key, algorithms=["RS256"], audience=ORDERS, issuer=ground.instance.issuer, options=options
    )
    assert found["header"]["typ"].lower() in {"at+jwt", "application/at+jwt"}
    assert set(found["payload"]["scope"].split()) == {"openid", "orders.read"}
    assert found["payload"]["auth_time"] <= found["payload"]["iat"] < found["payload"]["exp"]


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a token whose signature somebody else checks."""
    return dict(jwt.decode(token, options={"verify_signature": False}))
