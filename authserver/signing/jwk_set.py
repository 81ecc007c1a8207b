"""The published key set (RFC 7517 §5): rendered once for each change, and read back by resource servers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from authserver.crypto.derivation import encode
from authserver.signing.keys import UnsuitableKey, VerificationKey, verification_key

MEMBERS = ("kty", "kid", "use", "alg", "n", "e", "crv", "x", "y")
"""Everything that may leave the server. A list of what is public cannot forget a private member."""


@dataclass(frozen=True, slots=True)
class JWKSDocument:
    """The ready-made answer of the JWKS endpoint: its bytes and their strong entity tag (RFC 9110 §8.8.3)."""

    body: bytes
    etag: str


def render(jwks: Iterable[Mapping[str, Any]]) -> JWKSDocument:
    """The document with these keys, in the order given."""
    keys = [{member: jwk[member] for member in MEMBERS if member in jwk} for jwk in jwks]
    body = orjson.dumps({"keys": keys})
    return JWKSDocument(body, f'"{encode(hashlib.sha256(body).digest()[:16])}"')


class PublishedKeys:
    """The keys of a published document, as a resource server sees them.

    Keys that this server's algorithms cannot use are ignored, as RFC 7517 §5 asks.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        found = (self._read(jwk) for jwk in document.get("keys", ()))
        self._keys = {key.kid: key for key in found if key is not None}

    @classmethod
    def parse(cls, body: bytes) -> PublishedKeys:
        """The keys of a document's bytes.

        Raises:
            ValueError: the bytes are not a JSON object.
        """
        document = orjson.loads(body)
        if not isinstance(document, dict):
            raise ValueError("a key set is a JSON object")
        return cls(document)

    def find(self, kid: str) -> VerificationKey | None:
        """The key with this name."""
        return self._keys.get(kid)

    @staticmethod
    def _read(jwk: Mapping[str, Any]) -> VerificationKey | None:
        try:
            return verification_key(jwk)
        except UnsuitableKey:
            return None
