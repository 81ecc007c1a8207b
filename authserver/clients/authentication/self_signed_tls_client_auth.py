"""`self_signed_tls_client_auth`: a certificate with a key that the client published (RFC 8705 §2.2)."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from authserver.clients.authentication.credentials import Credentials, refusal
from authserver.clients.directory import Client
from authserver.clients.keys import ClientKeys
from authserver.protocol.errors import InvalidToken
from authserver.tokens import foreign, mutual_tls
from authserver.tokens.mutual_tls import ClientCertificate


class SelfSignedTLSClientAuth:
    """The proof: the connection's certificate is one of the client's, or its key is. Nobody needs to vouch for it."""

    def __init__(self, keys: ClientKeys) -> None:
        self._keys = keys

    def __call__(self, client: Client, credentials: Credentials) -> None:
        """Raises InvalidClient unless the client published the certificate or its key."""
        if credentials.certificate is None:
            raise refusal(credentials, reason="certificate_missing", spec="RFC 8705 §2")
        certificate = mutual_tls.read(credentials.certificate)
        try:
            known = self._is_published(client, certificate)
        except InvalidToken as error:
            raise refusal(credentials, reason=f"certificate_{error.reason}", spec="RFC 8705 §2.2") from error
        if not known:
            raise refusal(credentials, reason="certificate_unknown", spec="RFC 8705 §2.2")

    def _is_published(self, client: Client, certificate: ClientCertificate) -> bool:
        if any(_matches(jwk, certificate) for jwk in self._keys.of(client)):
            return True
        # The client may just have replaced its certificate: a name that is not there has the set read anew.
        return any(_matches(jwk, certificate) for jwk in self._keys.of(client, certificate.key_thumbprint))


def _matches(jwk: Mapping[str, Any], certificate: ClientCertificate) -> bool:
    try:
        if foreign.thumbprint(jwk) == certificate.key_thumbprint:
            return True
    except InvalidToken:
        pass
    return _first_certificate(jwk) == certificate.der


def _first_certificate(jwk: Mapping[str, Any]) -> bytes | None:
    """The certificate of the key itself (RFC 7517 §4.7)."""
    chain = jwk.get("x5c")
    if not isinstance(chain, list) or not chain or not isinstance(chain[0], str):
        return None
    try:
        return b64decode(chain[0], validate=True)
    except (binascii.Error, ValueError):
        return None
