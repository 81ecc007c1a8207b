"""The certificate with which a caller's connection was authenticated (RFC 8705).

That the caller holds its private key was proven in the TLS handshake, at this
server or at a trusted proxy; `edge` lets no other certificate reach a request.
Who issued it is not looked at here: RFC 8705 §3 binds tokens to any certificate,
and the methods of client authentication ask for what they need.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import unquote

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from authserver.protocol.errors import InvalidRequest
from authserver.protocol.messages import Request
from authserver.tokens import foreign

MAX_LENGTH: Final = 16_384
"""Characters of the longest certificate looked at, as a proxy hands it over."""

CONFIRMATION: Final = "x5t#S256"
"""The member of `cnf` that names a certificate (RFC 8705 §3.1)."""

_PEM: Final = re.compile(r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----")
_UNREADABLE: Final = (
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
_CURVES: Final = MappingProxyType({"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"})
# Names of attributes beyond those of RFC 4514 §3, as OpenSSL and the directories of banks write them.
_ATTRIBUTES: Final = MappingProxyType(
    {
        "emailAddress": NameOID.EMAIL_ADDRESS,
        "E": NameOID.EMAIL_ADDRESS,
        "serialNumber": NameOID.SERIAL_NUMBER,
        "SERIALNUMBER": NameOID.SERIAL_NUMBER,
        "organizationIdentifier": NameOID.ORGANIZATION_IDENTIFIER,
        "businessCategory": NameOID.BUSINESS_CATEGORY,
        "jurisdictionC": NameOID.JURISDICTION_COUNTRY_NAME,
        "SN": NameOID.SURNAME,
        "GN": NameOID.GIVEN_NAME,
        "title": NameOID.TITLE,
    }
)


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """What a certificate says.

    Attributes:
        thumbprint: `x5t#S256`, the SHA-256 digest of the certificate, base64url (RFC 8705 §3.1).
        key_thumbprint: the JWK thumbprint (RFC 7638) of its public key; empty for a kind of key that no JWK has.
        subject: its subject in the form of RFC 4514.
        dns_names, uris, addresses, emails: its subject alternative names; addresses in their shortest form.
    """

    x509: x509.Certificate
    der: bytes
    thumbprint: str
    key_thumbprint: str
    subject: str
    dns_names: tuple[str, ...]
    uris: tuple[str, ...]
    addresses: tuple[str, ...]
    emails: tuple[str, ...]

    def has_subject(self, name: str) -> bool:
        """Whether `name`, in the form of RFC 4514, is the subject: the same attributes in the same order."""
        return self.x509.subject == distinguished_name(name)


def of_request(request: Request) -> ClientCertificate | None:
    """The certificate of a request's connection, None where there is none.

    Raises:
        InvalidRequest: the server or proxy handed over something that is no certificate.
    """
    return None if request.client_certificate is None else read(request.client_certificate)


def confirmed(confirmation: Any, certificate: ClientCertificate | None) -> bool:
    """Whether `certificate` is the one that a `cnf` with `x5t#S256` names (RFC 8705 §3)."""
    return certificate is not None and confirmation.get(CONFIRMATION) == certificate.thumbprint


@lru_cache(maxsize=256)
def read(text: str) -> ClientCertificate:
    """One certificate: PEM, percent-encoded or not, or the base64 of its DER with or without colons (RFC 9440 §2.1).

    Raises:
        InvalidRequest: it is none, or more than one.
    """
    if len(text) > MAX_LENGTH:
        raise _refusal("client_certificate_too_long", f"A client certificate may have {MAX_LENGTH} characters.")
    try:
        return _described(_der(unquote(text) if "%" in text else text))
    except (*_UNREADABLE, ValueError) as error:
        raise _refusal("client_certificate_malformed", "The client certificate cannot be read.") from error


def distinguished_name(text: str) -> x509.Name:
    """The name that a text in the form of RFC 4514 stands for.

    Raises:
        ValueError: it is not of that form.
    """
    return x509.Name.from_rfc4514_string(text, attr_name_overrides=_ATTRIBUTES)


def _der(text: str) -> bytes:
    stripped = text.strip()
    armoured = _PEM.fullmatch(stripped)
    if armoured is not None:
        stripped = armoured[1]
    elif stripped.startswith(":") and stripped.endswith(":"):
        stripped = stripped[1:-1]
    try:
        # A header has no line breaks: proxies turn them into blanks or tabs.
        return b64decode("".join(stripped.split()), validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error


def _described(der: bytes) -> ClientCertificate:
    certificate = x509.load_der_x509_certificate(der)
    names = _alternative_names(certificate)
    return ClientCertificate(
        x509=certificate,
        der=der,
        thumbprint=_segment(hashlib.sha256(der).digest()),
        key_thumbprint=_key_thumbprint(certificate),
        subject=certificate.subject.rfc4514_string(),
        dns_names=tuple(names.get_values_for_type(x509.DNSName)),
        uris=tuple(names.get_values_for_type(x509.UniformResourceIdentifier)),
        addresses=tuple(str(address) for address in names.get_values_for_type(x509.IPAddress)),
        emails=tuple(names.get_values_for_type(x509.RFC822Name)),
    )


def _alternative_names(certificate: x509.Certificate) -> x509.SubjectAlternativeName:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return x509.SubjectAlternativeName([])


def _key_thumbprint(certificate: x509.Certificate) -> str:
    jwk = _jwk(certificate.public_key())
    return "" if jwk is None else foreign.thumbprint(jwk)


def _jwk(key: object) -> dict[str, str] | None:
    """The members of a JWK that its thumbprint takes (RFC 7638 §3.2)."""
    if isinstance(key, RSAPublicKey):
        numbers = key.public_numbers()
        return {"kty": "RSA", "n": _integer(numbers.n), "e": _integer(numbers.e)}
    if isinstance(key, EllipticCurvePublicKey) and key.curve.name in _CURVES:
        point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:]
        half = len(point) // 2
        return {"kty": "EC", "crv": _CURVES[key.curve.name], "x": _segment(point[:half]), "y": _segment(point[half:])}
    if isinstance(key, Ed25519PublicKey):
        return {"kty": "OKP", "crv": "Ed25519", "x": _segment(key.public_bytes_raw())}
    return None


def _integer(value: int) -> str:
    return _segment(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _segment(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _refusal(reason: str, description: str) -> InvalidRequest:
    return InvalidRequest(description, reason=reason, spec="RFC 8705 §3")
