"""The methods with a key that this installation offers, by name. Metadata follows."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from authserver.clients.authentication.assertions import AssertionRules
from authserver.clients.authentication.certificate_authorities import CertificateAuthorities
from authserver.clients.authentication.client_secret_jwt import ClientSecretJWT
from authserver.clients.authentication.credentials import Proof
from authserver.clients.authentication.private_key_jwt import PrivateKeyJWT
from authserver.clients.authentication.self_signed_tls_client_auth import SelfSignedTLSClientAuth
from authserver.clients.authentication.tls_client_auth import TLSClientAuth
from authserver.clients.keys import ClientKeys
from authserver.clients.secret_keys import SecretKeys
from authserver.settings.schema import Settings
from authserver.storage.ephemeral import Ephemeral


def proofs(
    settings: Settings, client_keys: ClientKeys, secret_keys: SecretKeys, ephemeral: Ephemeral
) -> Mapping[str, Proof]:
    """What verifies each of them.

    A certificate method is offered where such certificates can arrive: issued ones where their authorities
    are known, others from a proxy alone, because a handshake of ours refuses what no authority issued.
    """
    rules = AssertionRules(settings.issuer, settings.addresses, ephemeral)
    offered: dict[str, Proof] = {
        "private_key_jwt": PrivateKeyJWT(client_keys, rules),
        "client_secret_jwt": ClientSecretJWT(secret_keys, rules),
    }
    if settings.client_certificate_ca is not None:
        offered["tls_client_auth"] = TLSClientAuth(CertificateAuthorities.load(settings.client_certificate_ca))
    if settings.client_certificate_header:
        offered["self_signed_tls_client_auth"] = SelfSignedTLSClientAuth(client_keys)
    return MappingProxyType(offered)
