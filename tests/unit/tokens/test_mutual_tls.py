"""Client certificates as servers and proxies hand them over (RFC 8705, RFC 9440)."""

from __future__ import annotations

import hashlib
from base64 import b64encode, urlsafe_b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

from authserver.protocol.errors import InvalidRequest
from authserver.protocol.messages import Request
from authserver.signing.keys import public_jwk
from authserver.tokens import foreign, mutual_tls
from tests import certificates

SHOP = certificates.self_signed("CN=shop,O=Acme\\, Inc.", names=certificates.alternative_names())


@pytest.mark.parametrize(
    "text",
    [
        SHOP.pem,
        SHOP.escaped,
        SHOP.field,
        b64encode(SHOP.der).decode(),
        SHOP.pem.replace("\n", " "),
        SHOP.pem.replace("\n", "\n\t"),
        f"  {SHOP.pem}  ",
    ],
    ids=["PEM", "nginx", "RFC 9440", "base64", "Apache", "older nginx", "with blanks"],
)
def test_every_way_of_handing_over_gives_the_same_certificate(text: str) -> None:
    assert mutual_tls.read(text).der == SHOP.der


def test_thumbprint_is_the_sha256_digest_of_the_certificate() -> None:
    expected = urlsafe_b64encode(hashlib.sha256(SHOP.der).digest()).rstrip(b"=").decode()
    assert SHOP.read.thumbprint == expected


def test_subject_and_alternative_names_are_read() -> None:
    found = SHOP.read
    assert found.subject == "CN=shop,O=Acme\\, Inc."
    assert (found.dns_names, found.uris) == (("shop.example",), ("urn:shop",))
    assert (found.addresses, found.emails) == (("2001:db8::1",), ("shop@shop.example",))


def test_certificate_without_alternative_names_has_none() -> None:
    found = certificates.self_signed().read
    assert (found.dns_names, found.uris, found.addresses, found.emails) == ((), (), (), ())


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("CN=shop,O=Acme\\, Inc.", True),
        ("CN=shop,O=Acme\\2c Inc.", True),
        ("2.5.4.3=shop,O=Acme\\, Inc.", True),
        ("O=Acme\\, Inc.,CN=shop", False),
        ("CN=shop", False),
        ("CN=SHOP,O=Acme\\, Inc.", False),
    ],
)
def test_subject_is_compared_as_a_name_not_as_a_text(name: str, same: bool) -> None:
    assert SHOP.read.has_subject(name) is same


def test_attributes_beyond_rfc4514_have_the_names_that_openssl_gives_them() -> None:
    found = certificates.self_signed("emailAddress=a@shop.example,organizationIdentifier=PSDDE-1,CN=shop").read
    assert found.has_subject("E=a@shop.example,2.5.4.97=PSDDE-1,CN=shop")


@pytest.mark.parametrize(
    ("alg", "key"),
    [
        ("RS256", rsa.generate_private_key(65537, 2048)),
        ("ES256", ec.generate_private_key(ec.SECP256R1())),
        ("EdDSA", ed25519.Ed25519PrivateKey.generate()),
    ],
)
def test_thumbprint_of_the_key_is_that_of_its_jwk(alg: str, key: object) -> None:
    identity = certificates.self_signed(key=key)
    assert identity.read.key_thumbprint == foreign.thumbprint(public_jwk(alg, identity.key.public_key()))


def test_key_of_a_kind_without_jwk_has_no_thumbprint() -> None:
    assert certificates.self_signed(key=ed448.Ed448PrivateKey.generate()).read.key_thumbprint == ""
    assert certificates.self_signed(key=ec.generate_private_key(ec.SECP384R1())).read.key_thumbprint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "(null)",
        ":AAAA:",
        f"{SHOP.field}, {SHOP.field}",
        SHOP.pem + SHOP.pem,
        f"{SHOP.pem},{SHOP.pem}",
        SHOP.pem.replace("CERTIFICATE", "PUBLIC KEY"),
        b64encode(SHOP.der[:-1]).decode(),
        b64encode(SHOP.der + b"\0").decode(),
        SHOP.escaped + "%00",
        "é",
    ],
)
def test_what_is_not_one_certificate_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        mutual_tls.read(text)
    assert refusal.value.reason == "client_certificate_malformed"


def test_very_long_certificate_is_refused_before_it_is_read() -> None:
    with pytest.raises(InvalidRequest, match="client_certificate_too_long"):
        mutual_tls.read("A" * (mutual_tls.MAX_LENGTH + 1))


def test_request_without_a_certificate_has_none() -> None:
    assert mutual_tls.of_request(Request("GET", "/")) is None
    found = mutual_tls.of_request(Request("GET", "/", client_certificate=SHOP.field))
    assert found is not None
    assert found.thumbprint == SHOP.read.thumbprint


def test_confirmation_names_one_certificate() -> None:
    named = {"x5t#S256": SHOP.read.thumbprint}
    assert mutual_tls.confirmed(named, SHOP.read)
    assert not mutual_tls.confirmed(named, certificates.self_signed().read)
    assert not mutual_tls.confirmed(named, None)
    assert not mutual_tls.confirmed({"jkt": SHOP.read.thumbprint}, SHOP.read)
