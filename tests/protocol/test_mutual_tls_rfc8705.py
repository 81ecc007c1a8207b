"""Clients that authenticate by the certificate of their connection (RFC 8705 §2).

The proxy of these tests passes every certificate on, issued or not, as one must
that serves both methods.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from authserver.clients import keys as client_keys
from authserver.clients.extensions import Extensions
from authserver.protocol.errors import ValidationError
from authserver.signing.keys import public_jwk
from tests import certificates
from tests.assertions import CREDENTIALS, add_signer, key_set
from tests.certificates import BEHIND_A_PROXY, Identity
from tests.installation import Answer, Installation
from tests.keys import signing
from tests.published_keys import REACHABLE, published

AUTHORITY = certificates.authority()
SHOP = certificates.issued(AUTHORITY, "CN=shop,O=Acme", certificates.alternative_names())
MACHINE: dict[str, Any] = {"grant_types": ("client_credentials",), "redirect_uris": (), "scopes": frozenset()}


@pytest.fixture
def server(make_server: Callable[..., Installation], tmp_path: Path) -> Installation:
    """A server behind a proxy that passes on certificates, some of which an authority issued that it knows."""
    ca, _ = AUTHORITY.save(tmp_path, "ca")
    return make_server(**BEHIND_A_PROXY, **REACHABLE, client_certificate_ca=ca)


def issued_to(server: Installation, **subject: str) -> str:
    """A client for tls_client_auth."""
    client_id, secret = server.add_client(
        "shop", token_endpoint_auth_method="tls_client_auth", extensions=Extensions(**subject), **MACHINE
    )
    assert not secret
    return client_id


def publishing(server: Installation, **keys: Any) -> str:
    """A client for self_signed_tls_client_auth."""
    server.add_client("shop", token_endpoint_auth_method="self_signed_tls_client_auth", **keys, **MACHINE)
    return "shop"


def ask(server: Installation, identity: Identity | None, **values: Any) -> Answer:
    headers = identity.headers if identity is not None else {}
    return server.post("/oauth2/token", CREDENTIALS | {"client_id": "shop"} | values, headers=headers)


def refused(server: Installation, identity: Identity | None, **values: Any) -> str:
    answer = ask(server, identity, **values)
    assert (answer.status, answer.json["error"]) == (401, "invalid_client"), answer.text
    assert answer.json["error_description"].startswith("Client authentication failed.")
    return server.why(answer)


def jwk_of(identity: Identity, *, alg: str = "ES256", x5c: bool = False) -> dict[str, Any]:
    chain = {"x5c": [base64.b64encode(identity.der).decode()]} if x5c else {}
    return public_jwk(alg, identity.key.public_key()) | chain


# --- tls_client_auth --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("tls_client_auth_subject_dn", "CN=shop,O=Acme"),
        ("tls_client_auth_san_dns", "SHOP.example"),
        ("tls_client_auth_san_uri", "urn:shop"),
        ("tls_client_auth_san_ip", "2001:DB8:0::1"),
        ("tls_client_auth_san_email", "shop@shop.example"),
    ],
)
def test_certificate_for_the_registered_subject_authenticates(server: Installation, member: str, value: str) -> None:
    issued_to(server, **{member: value})
    assert ask(server, SHOP).status == 200
    assert refused(server, certificates.issued(AUTHORITY, "CN=other")) == "certificate_subject_wrong"


def test_certificate_that_nobody_issued_is_refused_whatever_it_says(server: Installation) -> None:
    issued_to(server, tls_client_auth_subject_dn="CN=shop,O=Acme")
    forged = certificates.self_signed("CN=shop,O=Acme")
    assert refused(server, forged) == "certificate_untrusted"


def test_certificate_of_another_authority_with_the_same_name_is_refused(server: Installation) -> None:
    issued_to(server, tls_client_auth_subject_dn="CN=shop,O=Acme")
    assert refused(server, certificates.issued(certificates.authority())) == "certificate_untrusted"


def test_certificate_that_has_expired_is_refused(server: Installation) -> None:
    issued_to(server, tls_client_auth_subject_dn="CN=shop,O=Acme")
    assert refused(server, certificates.issued(AUTHORITY, expired=True)) == "certificate_untrusted"


def test_client_cannot_issue_certificates(server: Installation) -> None:
    issued_to(server, tls_client_auth_subject_dn="CN=shop,O=Acme")
    assert refused(server, certificates.issued(SHOP)) == "certificate_untrusted"


def test_certificate_of_a_web_server_is_none_of_a_client(server: Installation) -> None:
    issued_to(server, tls_client_auth_subject_dn="CN=shop,O=Acme")
    assert refused(server, certificates.issued(AUTHORITY, for_servers=True)) == "certificate_untrusted"


def test_certificate_without_any_usage_is_good_for_all(server: Installation) -> None:
    issued_to(server, tls_client_auth_subject_dn="CN=shop,O=Acme")
    assert ask(server, certificates.issued(AUTHORITY, for_servers=None)).status == 200


def test_without_authorities_the_method_is_not_offered(make_server: Callable[..., Installation]) -> None:
    server = make_server(**BEHIND_A_PROXY)
    issued_to(server, tls_client_auth_subject_dn="CN=shop,O=Acme")
    assert refused(server, SHOP) == "method_not_offered"


# --- self_signed_tls_client_auth --------------------------------------------------------------


@pytest.mark.parametrize("x5c", [True, False])
def test_certificate_with_a_registered_key_authenticates(server: Installation, x5c: bool) -> None:
    mine = certificates.self_signed()
    publishing(server, jwks={"keys": [{"kty": "oct"}, jwk_of(mine, x5c=x5c)]})
    assert ask(server, mine).status == 200


def test_rsa_certificate_authenticates(server: Installation) -> None:
    mine = certificates.self_signed(key=rsa.generate_private_key(65537, 2048))
    publishing(server, jwks={"keys": [jwk_of(mine, alg="PS256")]})
    assert ask(server, mine).status == 200


def test_registered_certificate_counts_without_members_of_its_key(server: Installation) -> None:
    mine = certificates.self_signed()
    publishing(server, jwks={"keys": [{"kty": "EC", "x5c": [base64.b64encode(mine.der).decode()]}]})
    assert ask(server, mine).status == 200


@pytest.mark.parametrize("chain", ["x", [], [7], ["!"], ["é"]])
def test_certificate_with_another_key_is_refused(server: Installation, chain: Any) -> None:
    publishing(server, jwks={"keys": [jwk_of(certificates.self_signed()) | {"x5c": chain}]})
    assert refused(server, certificates.self_signed()) == "certificate_unknown"


def test_issued_certificate_needs_a_registered_key_too(server: Installation) -> None:
    publishing(server, jwks={"keys": [jwk_of(certificates.self_signed())]})
    assert refused(server, SHOP) == "certificate_unknown"


def test_certificate_that_was_replaced_a_moment_ago_is_found(
    server: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_keys, "PAUSE_SECONDS", 0)
    old, new = certificates.self_signed(), certificates.self_signed()
    with published({"keys": [jwk_of(old)]}) as owner:
        publishing(server, jwks_uri=owner.uri)
        assert ask(server, old).status == 200
        owner.document = {"keys": [jwk_of(new)]}
        assert ask(server, new).status == 200
        assert refused(server, old) == "certificate_unknown"


def test_published_keys_that_cannot_be_read_let_nobody_in(server: Installation) -> None:
    with published(b"nonsense") as owner:
        publishing(server, jwks_uri=owner.uri)
        assert refused(server, certificates.self_signed()) == "certificate_keys_unavailable"


# --- both -------------------------------------------------------------------------------------


@pytest.fixture(params=["tls_client_auth", "self_signed_tls_client_auth"])
def method(request: pytest.FixtureRequest, server: Installation) -> str:
    """A client of either method; SHOP is its certificate."""
    if request.param == "tls_client_auth":
        issued_to(server, tls_client_auth_subject_dn="CN=shop,O=Acme")
    else:
        publishing(server, jwks={"keys": [jwk_of(SHOP)]})
    return str(request.param)


def test_connection_without_a_certificate_authenticates_nobody(server: Installation, method: str) -> None:
    assert refused(server, None) == "certificate_missing"


def test_request_must_name_its_client(server: Installation, method: str) -> None:
    assert refused(server, SHOP, client_id="nobody") == "client_unknown"
    answer = server.post("/oauth2/token", CREDENTIALS, headers=SHOP.headers)
    assert (answer.status, server.why(answer)) == (401, "no_credentials")


def test_certificate_that_cannot_be_read_is_an_invalid_request(server: Installation, method: str) -> None:
    form = CREDENTIALS | {"client_id": "shop"}
    answer = server.post("/oauth2/token", form, headers={certificates.HEADER: "nonsense"})
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


def test_certificate_in_the_header_of_a_stranger_is_none(server: Installation, method: str) -> None:
    server.address = "203.0.113.5"
    assert refused(server, SHOP) == "certificate_missing"


def test_secret_or_assertion_is_another_method(server: Installation, method: str) -> None:
    assert refused(server, SHOP, client_secret="secret") == "method_not_registered"
    signer = add_signer(server)
    signer.client_id = "shop"
    assert signer.refused() == "method_not_registered"


def test_disabled_client_is_refused_with_its_certificate(server: Installation, method: str) -> None:
    server.registration.disable("shop")
    server.services.clients.forget()
    assert refused(server, SHOP) == "client_disabled"


@pytest.mark.parametrize("path", ["/oauth2/introspect", "/oauth2/revoke"])
def test_certificates_count_at_every_endpoint_that_clients_call(server: Installation, method: str, path: str) -> None:
    form = {"client_id": "shop", "token": "nonsense"}
    assert server.post(path, form, headers=SHOP.headers).status == 200
    assert server.post(path, form).status == 401


def test_certificate_beside_another_method_changes_nothing(server: Installation) -> None:
    """It may be there to bind tokens to (RFC 8705 §3)."""
    signer = add_signer(server, key=signing("ES256"), jwks=key_set(signing("ES256")))
    assert server.post("/oauth2/token", signer.form(), headers=SHOP.headers).status == 200
    spa = {"token_endpoint_auth_method": "none", "grant_types": ("authorization_code",)}
    server.add_client("spa", **spa)
    answer = server.post("/oauth2/revoke", {"client_id": "spa", "token": "x"}, headers=SHOP.headers)
    assert answer.status == 200


def test_host_of_the_mtls_address_is_answered(make_server: Callable[..., Installation]) -> None:
    server = make_server(mtls_url="https://mtls.example")
    found = server.get("/.well-known/openid-configuration", headers={"Host": "mtls.example"})
    assert found.status == 200
    assert server.get("/.well-known/openid-configuration", headers={"Host": "other.example"}).status == 400


# --- registration -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "subject",
    [
        {},
        {"tls_client_auth_subject_dn": "CN=shop", "tls_client_auth_san_dns": "shop.example"},
        {"tls_client_auth_subject_dn": "shop"},
        {"tls_client_auth_subject_dn": ""},
        {"tls_client_auth_san_ip": "shop.example"},
        {"tls_client_auth_san_dns": "two names"},
        {"tls_client_auth_san_uri": ""},
        {"tls_client_auth_san_email": "a" * 2049},
    ],
)
def test_tls_client_auth_needs_exactly_one_subject_that_can_be_compared(
    server: Installation, subject: dict[str, str]
) -> None:
    with pytest.raises(ValidationError, match="RFC 8705"):
        issued_to(server, **subject)


def test_self_signed_certificates_need_published_keys(server: Installation) -> None:
    with pytest.raises(ValidationError, match="jwks"):
        publishing(server)
