"""`tls_client_auth`: a certificate of a known authority for the subject that the client registered (RFC 8705 §2.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import ip_address
from types import MappingProxyType

from authserver.clients.authentication.certificate_authorities import CertificateAuthorities
from authserver.clients.authentication.credentials import Credentials, refusal
from authserver.clients.directory import Client
from authserver.clients.extensions import Extensions
from authserver.tokens import mutual_tls
from authserver.tokens.mutual_tls import ClientCertificate


def _has_address(certificate: ClientCertificate, expected: str) -> bool:
    return str(ip_address(expected)) in certificate.addresses


def _has_dns_name(certificate: ClientCertificate, expected: str) -> bool:
    return expected.lower() in {name.lower() for name in certificate.dns_names}


SUBJECTS: Mapping[str, Callable[[ClientCertificate, str], bool]] = MappingProxyType(
    {
        "tls_client_auth_subject_dn": ClientCertificate.has_subject,
        "tls_client_auth_san_dns": _has_dns_name,
        "tls_client_auth_san_uri": lambda certificate, expected: expected in certificate.uris,
        "tls_client_auth_san_ip": _has_address,
        "tls_client_auth_san_email": lambda certificate, expected: expected in certificate.emails,
    }
)
"""How each member is compared, of which a client registers exactly one (RFC 8705 §2.1.2)."""


class TLSClientAuth:
    """The proof: a chain to an authority, and the registered subject."""

    def __init__(self, authorities: CertificateAuthorities) -> None:
        self._authorities = authorities

    def __call__(self, client: Client, credentials: Credentials) -> None:
        """Raises InvalidClient unless the connection's certificate was issued for the client."""
        if credentials.certificate is None:
            raise refusal(credentials, reason="certificate_missing", spec="RFC 8705 §2")
        certificate = mutual_tls.read(credentials.certificate)
        # Here too, whatever server or proxy did: some pass every certificate on, for self_signed_tls_client_auth.
        complaint = self._authorities.complaint(certificate)
        if complaint is not None:
            raise refusal(credentials, reason="certificate_untrusted", spec="RFC 8705 §2.1", setting=complaint)
        if not _is_for(client.extensions, certificate):
            raise refusal(credentials, reason="certificate_subject_wrong", spec="RFC 8705 §2.1")


def _is_for(extensions: Extensions, certificate: ClientCertificate) -> bool:
    expected = ((name, getattr(extensions, name)) for name in SUBJECTS)
    return any(SUBJECTS[name](certificate, value) for name, value in expected if value is not None)
