"""Private keys and certificates of test clients, in the forms that the OpenID Foundation suite takes."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import NameOID

from authserver.protocol import validity

PRIVATE_MEMBERS: Final = ("d", "p", "q", "dp", "dq", "qi")
CERTIFICATE_DAYS: Final = 3650
RSA_BITS: Final = 2048


def new_signing_key(kid: str) -> dict[str, Any]:
    """A private RSA key as a JWK (RFC 7518 §6.3) without `alg`, because a plan says what it is used with."""
    numbers = generate_rsa(public_exponent=65537, key_size=RSA_BITS).private_numbers()
    members = {
        "n": numbers.public_numbers.n,
        "e": numbers.public_numbers.e,
        "d": numbers.d,
        "p": numbers.p,
        "q": numbers.q,
        "dp": numbers.dmp1,
        "dq": numbers.dmq1,
        "qi": numbers.iqmp,
    }
    return {"kty": "RSA", "kid": kid, "use": "sig"} | {name: _number(value) for name, value in members.items()}


def public(jwk: Mapping[str, Any]) -> dict[str, Any]:
    """The public half of a JWK."""
    return {name: value for name, value in jwk.items() if name not in PRIVATE_MEMBERS}


def new_certificate(name: str) -> dict[str, str]:
    """A self-signed client certificate and its key, both PEM, as `cert` and `key`."""
    private = generate_ec(SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = validity.now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=CERTIFICATE_DAYS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(private, SHA256())
    )
    key = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return {"cert": certificate.public_bytes(Encoding.PEM).decode(), "key": key.decode()}


def certificate_jwk(certificate: Mapping[str, str], kid: str) -> dict[str, Any]:
    """The public key of a certificate, with the certificate in `x5c`, as RFC 8705 §2.2.2 wants it registered."""
    private = load_pem_private_key(certificate["key"].encode(), password=None)
    if not isinstance(private, EllipticCurvePrivateKey):
        raise TypeError("the certificates made here have keys on P-256")
    point = private.public_key().public_numbers()
    der = x509.load_pem_x509_certificate(certificate["cert"].encode()).public_bytes(Encoding.DER)
    return {
        "kty": "EC",
        "crv": "P-256",
        "kid": kid,
        "use": "sig",
        "x": _number(point.x, 32),
        "y": _number(point.y, 32),
        "x5c": [b64encode(der).decode()],
    }


def _number(value: int, length: int | None = None) -> str:
    size = (value.bit_length() + 7) // 8 if length is None else length
    return urlsafe_b64encode(value.to_bytes(size, "big")).rstrip(b"=").decode()
