"""The authorities whose client certificates count (RFC 8705 §2.1: the PKI method)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cryptography import x509
from cryptography.x509 import ExtendedKeyUsage, KeyUsage
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import Criticality, ExtensionPolicy, Policy, PolicyBuilder, Store, VerificationError

from authserver.protocol import validity
from authserver.tokens.mutual_tls import ClientCertificate


def _for_clients(_policy: Policy, _certificate: x509.Certificate, usage: ExtendedKeyUsage | None) -> None:
    if usage is not None and not {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE} & {
        *usage
    }:
        raise ValueError("the certificate is not for clients")


def _may_issue(_policy: Policy, _certificate: x509.Certificate, constraints: x509.BasicConstraints) -> None:
    if not constraints.ca:
        raise ValueError("the issuer is no authority")


def _may_sign(_policy: Policy, _certificate: x509.Certificate, usage: KeyUsage | None) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("the issuer's key may not sign certificates")


# The defaults of `cryptography` are those of web servers, with alternative names and rules of the CA/Browser Forum;
# authorities of banks and companies have rules of their own. These are those of RFC 5280 §6.1.
_ISSUERS = (
    ExtensionPolicy.permit_all()
    .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, _may_issue)
    .may_be_present(KeyUsage, Criticality.AGNOSTIC, _may_sign)
)
_CLIENTS = ExtensionPolicy.permit_all().may_be_present(ExtendedKeyUsage, Criticality.AGNOSTIC, _for_clients)


class CertificateAuthorities:
    """Authorities, those in between included: a proxy hands over the client's certificate alone."""

    def __init__(self, trusted: Iterable[x509.Certificate]) -> None:
        self._store = Store(list(trusted))

    @classmethod
    def load(cls, file: Path) -> CertificateAuthorities:
        """The authorities in a PEM file.

        Raises:
            OSError: it cannot be read.
            ValueError: it holds no certificate, or something that is none.
        """
        return cls(x509.load_pem_x509_certificates(file.read_bytes()))

    def complaint(self, certificate: ClientCertificate) -> str | None:
        """Why `certificate` does not count now; None if it does."""
        policy = (
            PolicyBuilder()
            .store(self._store)
            .time(validity.now())
            .extension_policies(ca_policy=_ISSUERS, ee_policy=_CLIENTS)
        )
        try:
            policy.build_client_verifier().verify(certificate.x509, [])
        except VerificationError as error:
            return str(error)
        return None
