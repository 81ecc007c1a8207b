"""What a client signs: keys of its own and JSON Web Tokens made with them."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import jwt

from authserver.protocol import validity
from authserver.signing import keys
from authserver.signing.keys import SigningKey


def signed(claims: dict[str, Any], key: SigningKey, typ: str = "JWT") -> str:
    """A token that a library of somebody else made; None takes a claim out."""
    payload = json.dumps({name: value for name, value in claims.items() if value is not None}).encode()
    return jwt.PyJWS().encode(payload, key.private, key.alg, {"kid": key.kid, "typ": typ})


@dataclass
class ClientKey:
    """A key pair of a client."""

    alg: str = "ES256"
    key: SigningKey = field(init=False)

    def __post_init__(self) -> None:
        self.key = keys.generate(self.alg)

    @property
    def jwks(self) -> dict[str, Any]:
        """The public half, as it is registered."""
        return {"keys": [self.jwk]}

    @property
    def jwk(self) -> dict[str, Any]:
        """The public half."""
        return keys.public_jwk(self.alg, self.key.private.public_key())

    def sign(self, claims: dict[str, Any], typ: str = "JWT") -> str:
        """A token with these claims; None takes a claim out."""
        return signed(claims, self.key, typ)

    def request_object(self, client_id: str, issuer: str, /, **claims: Any) -> str:
        """A request object of this client, good for a minute."""
        now = validity.timestamp()
        times = {"iat": now, "nbf": now, "exp": now + 60, "jti": secrets.token_hex(8)}
        return self.sign({"iss": client_id, "aud": issuer, "client_id": client_id} | times | claims)
