"""Introspection responses as JWTs (RFC 9701): proof for whoever must show later what the server said."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from authserver.clients.directory import Client
from authserver.issuing.protection import INTROSPECTION, Protector
from authserver.protocol import validity
from authserver.protocol.algorithms import CONTENT_ENCRYPTIONS, ENCRYPTION_ALGORITHMS

TYPE: Final = "token-introspection+jwt"
MEDIA_TYPE: Final = f"application/{TYPE}"


def supported(algorithms: Collection[str]) -> dict[str, list[str]]:
    """The members of the server's metadata (RFC 9701 §7); `algorithms` are those of its keys."""
    return {
        "introspection_signing_alg_values_supported": sorted(algorithms),
        "introspection_encryption_alg_values_supported": list(ENCRYPTION_ALGORITHMS),
        "introspection_encryption_enc_values_supported": list(CONTENT_ENCRYPTIONS),
    }


class SignedIntrospection:
    """Makes the JWT for the client that asked, signed and encrypted as it registered."""

    def __init__(self, issuer: str, protector: Protector) -> None:
        self._issuer = issuer
        self._protector = protector

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
        return self._protector.finish(self._protector.prepare(client, INTROSPECTION), claims, TYPE)
