"""Certificates of clients: issued by an authority of the tests, or vouching for themselves."""

from __future__ import annotations

import datetime
import ipaddress
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from authserver.protocol import validity
from authserver.tokens.mutual_tls import ClientCertificate, distinguished_name, read

DAY = datetime.timedelta(days=1)
HEADER = "Client-Cert"
BEHIND_A_PROXY: dict[str, Any] = {"trusted_proxies": ("127.0.0.1",), "client_certificate_header": HEADER}
"""Settings of a server whose proxy, the tests, hands certificates over."""


@dataclass(frozen=True)
class Identity:
    """A certificate with its private key."""

    x509: x509.Certificate
    key: Any

    @property
    def pem(self) -> str:
        """The certificate."""
        return self.x509.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def escaped(self) -> str:
        """The certificate as nginx hands it over (`$ssl_client_escaped_cert`)."""
        return quote(self.pem, safe="")

    @property
    def der(self) -> bytes:
        """The certificate in binary."""
        return self.x509.public_bytes(serialization.Encoding.DER)

    @property
    def field(self) -> str:
        """The certificate as RFC 9440 §2.1 writes it."""
        return f":{b64encode(self.der).decode()}:"

    @property
    def headers(self) -> dict[str, str]:
        """What a proxy adds to the requests of who holds it."""
        return {HEADER: self.field}

    @property
    def read(self) -> ClientCertificate:
        """The certificate as the server sees it."""
        return read(self.pem)

    def save(self, directory: Path, stem: str) -> tuple[Path, Path]:
        """Write certificate and key as PEM files."""
        certfile, keyfile = directory / f"{stem}.pem", directory / f"{stem}-key.pem"
        certfile.write_text(self.pem)
        keyfile.touch(0o600)
        keyfile.write_bytes(
            self.key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return certfile, keyfile


def authority(name: str = "CN=Authority", *, signs: bool | None = True) -> Identity:
    """Somebody who issues certificates, or whose key may not (or, None, of whose key nothing is said)."""
    usage = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    extensions: list[tuple[x509.ExtensionType, bool]] = [(x509.BasicConstraints(ca=True, path_length=None), True)]
    if signs is not None:
        extensions.append((x509.KeyUsage(key_cert_sign=signs, crl_sign=True, **usage), True))
    return _signed(name, ec.generate_private_key(ec.SECP256R1()), None, extensions)


def issued(
    by: Identity,
    name: str = "CN=shop,O=Acme",
    names: Sequence[x509.GeneralName] = (),
    *,
    expired: bool = False,
    for_servers: bool | None = False,
) -> Identity:
    """A client's certificate that `by` vouches for; one of a server, or (None) for nothing in particular."""
    extensions = _of_a_client(names)
    if for_servers is not False:
        del extensions[0]
    if for_servers:
        extensions.append((x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False))
    return _signed(name, ec.generate_private_key(ec.SECP256R1()), by, extensions, until=-DAY if expired else DAY)


def self_signed(name: str = "CN=shop", key: Any = None, names: Sequence[x509.GeneralName] = ()) -> Identity:
    """A client's certificate that nobody else vouches for."""
    return _signed(name, key or ec.generate_private_key(ec.SECP256R1()), None, [*_of_a_client(names)])


def alternative_names() -> list[x509.GeneralName]:
    """One alternative name of each kind."""
    return [
        x509.DNSName("shop.example"),
        x509.UniformResourceIdentifier("urn:shop"),
        x509.IPAddress(ipaddress.ip_address("2001:db8::1")),
        x509.RFC822Name("shop@shop.example"),
    ]


def _of_a_client(names: Sequence[x509.GeneralName]) -> list[tuple[x509.ExtensionType, bool]]:
    usage: list[tuple[x509.ExtensionType, bool]] = [
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False),
        (x509.BasicConstraints(ca=False, path_length=None), True),
    ]
    return [*usage, (x509.SubjectAlternativeName(names), False)] if names else usage


def _signed(
    name: str,
    key: Any,
    by: Identity | None,
    extensions: Sequence[tuple[x509.ExtensionType, bool]],
    until: datetime.timedelta = DAY,
) -> Identity:
    subject, now = distinguished_name(name), validity.now()
    issuer, signer = (subject, key) if by is None else (by.x509.subject, by.key)
    builder = x509.CertificateBuilder(
        issuer, subject, key.public_key(), x509.random_serial_number(), now - 2 * DAY, now + until
    ).add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    algorithm = None if type(signer).__name__.startswith("Ed") else hashes.SHA256()
    return Identity(builder.sign(signer, algorithm), key)
