"""Clients that prove themselves with keys: assertions in a few words."""

from __future__ import annotations

import base64
import hmac
import secrets
from dataclasses import dataclass, field
from typing import Any

import orjson

from authserver.clients.authentication.assertions import ASSERTION_TYPE
from authserver.clients.extensions import Extensions
from authserver.protocol import validity
from authserver.signing.keys import SigningKey, public_jwk
from authserver.tokens import jose
from tests.installation import Answer, Installation
from tests.keys import signing

CREDENTIALS = {"grant_type": "client_credentials"}


def key_set(*keys: SigningKey) -> dict[str, Any]:
    """The public halves of keys, as a client registers them."""
    return {"keys": [public_jwk(key.alg, key.private.public_key()) for key in keys]}


@dataclass
class Asserting:
    """A client with a key, or with a secret that is one."""

    installation: Installation
    client_id: str = "signer"
    key: SigningKey = field(default_factory=lambda: signing("ES256"))
    secret: str = ""

    def claims(self, **changes: Any) -> dict[str, Any]:
        """What a good assertion says; None takes a claim out."""
        now = int(validity.now().timestamp())
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.installation.settings.issuer,
            "jti": secrets.token_urlsafe(16),
            "iat": now,
            "exp": now + 60,
        } | changes
        return {name: value for name, value in claims.items() if value is not None}

    def assertion(self, **changes: Any) -> str:
        """A signed assertion."""
        return self.signed(self.claims(**changes))

    def signed(self, claims: dict[str, Any], **header: Any) -> str:
        """Claims, signed as the client does."""
        if self.secret:
            return mac(claims, self.secret, **header)
        if header:
            return with_header(claims, self.key, **header)
        return jose.sign(claims, self.key, "JWT")

    def form(self, assertion: str | None = None, **values: Any) -> dict[str, Any]:
        """The parameters of a request that the assertion authenticates."""
        proof = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion or self.assertion()}
        return {name: value for name, value in (CREDENTIALS | proof | values).items() if value is not None}

    def ask(self, assertion: str | None = None, path: str = "/oauth2/token", **values: Any) -> Answer:
        """Ask for a token, or something else at another endpoint."""
        return self.installation.post(path, self.form(assertion, **values))

    def refused(self, assertion: str | None = None, **values: Any) -> str:
        """The private reason for which the server does not take an assertion."""
        answer = self.ask(assertion, **values)
        assert (answer.status, answer.json["error"]) == (401, "invalid_client"), answer.text
        return self.installation.why(answer)


def add_signer(
    installation: Installation, key: SigningKey | None = None, client_id: str = "signer", **values: Any
) -> Asserting:
    """A registered client for private_key_jwt."""
    key = key or signing("ES256")
    chosen: dict[str, Any] = {
        "grant_types": ("client_credentials",),
        "redirect_uris": (),
        "scopes": frozenset(),
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": key_set(key),
    }
    installation.add_client(client_id, **(chosen | values))
    return Asserting(installation, client_id, key)


def add_mac_client(installation: Installation, client_id: str = "sharer", **values: Any) -> Asserting:
    """A registered client for client_secret_jwt."""
    chosen: dict[str, Any] = {
        "grant_types": ("client_credentials",),
        "redirect_uris": (),
        "scopes": frozenset(),
        "token_endpoint_auth_method": "client_secret_jwt",
    }
    _, secret = installation.add_client(client_id, **(chosen | values))
    return Asserting(installation, client_id, secret=secret)


def registered(**members: Any) -> dict[str, Any]:
    """Members of client metadata beyond RFC 7591."""
    return {"extensions": Extensions(**members)}


def with_header(claims: dict[str, Any], key: SigningKey, **header: Any) -> str:
    """A signed token with a header of one's own."""
    plain = jose.sign(claims, key, "JWT").split(".")
    named = {"alg": key.alg, "kid": key.kid} | header
    first = _segment({name: value for name, value in named.items() if value is not None})
    signature = jose._SIGNERS[key.alg](key.private, f"{first}.{plain[1]}".encode())
    return f"{first}.{plain[1]}.{jose.encode_segment(signature)}"


def mac(claims: dict[str, Any], secret: str, **header: Any) -> str:
    """A token with an HS256 MAC."""
    signing_input = f"{_segment({'alg': 'HS256'} | header)}.{_segment(claims)}"
    return f"{signing_input}.{jose.encode_segment(hmac.digest(secret.encode(), signing_input.encode(), 'sha256'))}"


def unsigned(claims: dict[str, Any]) -> str:
    """A token with `alg: none`."""
    return f"{_segment({'alg': 'none'})}.{_segment(claims)}."


def _segment(document: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(document)).rstrip(b"=").decode()
