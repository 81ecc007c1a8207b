"""A client's DPoP key, which makes proofs as a client would, and wrong ones on demand (RFC 9449 §4.2)."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from authserver.signing.keys import SigningKey, generate, public_jwk
from authserver.tokens import foreign, jose
from tests import keys

PUBLIC = ("kty", "crv", "n", "e", "x", "y")


def encoded(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def digest_of(token: str) -> str:
    """What `ath` says of a token."""
    return encoded(hashlib.sha256(token.encode()).digest())


@dataclass
class DPoPKey:
    """A key pair. `nonce` is what the server said last, for every proof that follows."""

    key: SigningKey = field(default_factory=lambda: generate("ES256"))
    nonce: str | None = None

    @classmethod
    def of(cls, alg: str) -> DPoPKey:
        """The key of this algorithm that all tests share."""
        return cls(keys.signing(alg))

    @cached_property
    def jwk(self) -> dict[str, Any]:
        """The public key as the header carries it."""
        published = public_jwk(self.key.alg, self.key.private.public_key())
        return {name: published[name] for name in PUBLIC if name in published}

    @cached_property
    def jkt(self) -> str:
        """The thumbprint."""
        return foreign.thumbprint(self.jwk)

    def proof(self, method: str, url: str, token: str | None = None, *, header: Any = None, **claims: Any) -> str:
        """A proof for one request; `header` and `claims` replace members, and None takes one out."""
        members = {"typ": "dpop+jwt", "alg": self.key.alg, "jwk": self.jwk} | (header or {})
        payload: dict[str, Any] = {"jti": secrets.token_urlsafe(16), "htm": method, "htu": url, "iat": int(time.time())}
        if token is not None:
            payload["ath"] = digest_of(token)
        if self.nonce is not None:
            payload["nonce"] = self.nonce
        return self.signed(members, payload | claims)

    def signed(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        """A JWS over whatever it is given, without members that are None."""
        parts = ({name: value for name, value in part.items() if value is not None} for part in (header, claims))
        signing_input = ".".join(encoded(json.dumps(part).encode()) for part in parts)
        signature = jose._SIGNERS[self.key.alg](self.key.private, signing_input.encode())
        return f"{signing_input}.{encoded(signature)}"
