"""Whose client certificates count."""

from __future__ import annotations

from authserver.clients.authentication.certificate_authorities import CertificateAuthorities
from tests import certificates
from tests.certificates import Identity

AUTHORITY = certificates.authority()


def complaint(trusted: Identity, certificate: Identity) -> str | None:
    return CertificateAuthorities([trusted.x509]).complaint(certificate.read)


def test_certificate_of_an_authority_counts() -> None:
    assert complaint(AUTHORITY, certificates.issued(AUTHORITY)) is None


def test_trusted_certificate_of_a_client_vouches_for_nobody() -> None:
    client = certificates.issued(AUTHORITY)
    assert complaint(client, certificates.issued(client)) is not None


def test_authority_whose_key_may_not_sign_certificates_vouches_for_nobody() -> None:
    listing = certificates.authority(signs=False)
    assert complaint(listing, certificates.issued(listing)) is not None


def test_authority_that_says_nothing_of_its_key_vouches() -> None:
    plain = certificates.authority(signs=None)
    assert complaint(plain, certificates.issued(plain)) is None
