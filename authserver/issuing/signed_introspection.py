"""Introspection responses as JWTs (RFC 9701): proof for whoever must show later what the server said."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from authserver.clients.directory import Client
from authserver.clients.keys import ClientKeys
from authserver.protocol import validity
from authserver.protocol.algorithms import CONTENT_ENCRYPTIONS, DEFAULT_CONTENT_ENCRYPTION, ENCRYPTION_ALGORITHMS
from authserver.protocol.errors import InvalidRequest, InvalidToken, ServerError
from authserver.signing.keyring import Keyring, NoActiveKey
from authserver.tokens import encryption, jose
from authserver.tokens.encryption import NoRecipientKey

TYPE: Final = "token-introspection+jwt"
MEDIA_TYPE: Final = f"application/{TYPE}"
DEFAULT_ALGORITHM: Final = "RS256"
"""What signs for a client that registered nothing (RFC 9701 §6), where its profile allows it."""


def supported(algorithms: Collection[str]) -> dict[str, list[str]]:
    """The members of the server's metadata (RFC 9701 §7); `algorithms` are those of its keys."""
    return {
        "introspection_signing_alg_values_supported": sorted(algorithms),
        "introspection_encryption_alg_values_supported": list(ENCRYPTION_ALGORITHMS),
        "introspection_encryption_enc_values_supported": list(CONTENT_ENCRYPTIONS),
    }


class SignedIntrospection:
    """Makes the JWT for the client that asked, signed and encrypted as it registered."""

    def __init__(self, issuer: str, keyring: Keyring, client_keys: ClientKeys) -> None:
        self._issuer = issuer
        self._keyring = keyring
        self._client_keys = client_keys

    def sign(self, client: Client, found: Mapping[str, Any]) -> str:
        """The response as a JWT. What the token says is inside `token_introspection` and nowhere else (RFC 9701 §5).

        Raises:
            InvalidRequest: the client wants encryption and has published no key.
            ServerError: there is no key that signs as the client wants.
        """
        claims = {
            "iss": self._issuer,
            "aud": client.id,
            "iat": validity.timestamp(),
            "token_introspection": dict(found),
        }
        signed = self._signed(_algorithm(client), claims)
        wanted = client.extensions.introspection_encrypted_response_alg
        return signed if wanted is None else self._encrypted(client, signed, wanted)

    def _signed(self, algorithm: str, claims: Mapping[str, Any]) -> str:
        try:
            return jose.sign(claims, self._keyring.active(algorithm), TYPE)
        except NoActiveKey as error:
            raise ServerError(
                "The server cannot sign introspection responses for this application.",
                reason="no_key_for_introspection",
                spec="RFC 9701 §6",
                setting=f"keys generate --alg {algorithm}",
            ) from error

    def _encrypted(self, client: Client, signed: str, alg: str) -> str:
        enc = client.extensions.introspection_encrypted_response_enc or DEFAULT_CONTENT_ENCRYPTION
        try:
            return encryption.encrypt(signed.encode("ascii"), self._keys(client), alg=alg, enc=enc, cty="JWT")
        except NoRecipientKey as error:
            raise _unreadable(client, "introspector_key_missing") from error

    def _keys(self, client: Client) -> Sequence[Mapping[str, Any]]:
        try:
            return self._client_keys.of(client)
        except InvalidToken as error:
            raise _unreadable(client, error.reason) from error


def _algorithm(client: Client) -> str:
    registered, policy = client.extensions.introspection_signed_response_alg, client.policy
    if registered is not None:
        return registered
    return DEFAULT_ALGORITHM if DEFAULT_ALGORITHM in policy.signing_algorithms else policy.access_token_alg


def _unreadable(client: Client, reason: str) -> InvalidRequest:
    return InvalidRequest(
        "The application has published no key that the response could be encrypted to.",
        reason="introspector_key_missing",
        spec="RFC 9701 §6",
        setting=f"client {client.id}: jwks",
        details={"because": reason},
    )
