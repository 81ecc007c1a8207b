"""An identity provider of somebody else's, which signs assertions as it likes."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from authserver.access.assertion_issuers import IssuerRegistration, TrustedIssuer
from authserver.signing.keys import SigningKey, public_jwk
from authserver.tokens import jose
from tests import keys
from tests.installation import Answer, Installation
from tests.relying_party import RelyingParty

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
UPSTREAM = "https://upstream.example"


@dataclass
class Upstream:
    """Signs assertions for `server`."""

    server: Installation
    key: SigningKey = field(default_factory=lambda: keys.signing("ES256"))

    @property
    def jwks(self) -> dict[str, Any]:
        """Its public keys."""
        return {"keys": [public_jwk(self.key.alg, self.key.private.public_key()) | {"kid": self.key.kid}]}

    def trust(self, *clients: str, **values: Any) -> None:
        """Let the server trust it."""
        services = self.server.services
        chosen: dict[str, Any] = {"jwks": self.jwks} | values
        registration = IssuerRegistration(services.database, services.recorder, self.server.settings.issuer)
        registration.create(TrustedIssuer(UPSTREAM, frozenset(clients), **chosen))
        services.trusted_issuers.forget()

    def assertion(self, subject: str, typ: str = "JWT", **claims: Any) -> str:
        """An assertion about somebody; None takes a claim out."""
        moment = int(time.time())
        made: dict[str, Any] = {
            "iss": UPSTREAM,
            "sub": subject,
            "aud": self.server.settings.issuer,
            "iat": moment,
            "exp": moment + 60,
            "jti": secrets.token_urlsafe(12),
        } | claims
        return jose.sign({name: value for name, value in made.items() if value is not None}, self.key, typ)


def present(party: RelyingParty, assertion: str, **values: Any) -> Answer:
    """Ask for a token with an assertion."""
    return party.token_request(grant_type=GRANT, assertion=assertion, **values)
