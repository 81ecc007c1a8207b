"""`client_secret_jwt`: an assertion with a MAC under the client's secret (RFC 7523 §2.2, OIDC Core §9)."""

from __future__ import annotations

from authserver.clients.authentication.assertions import MAC_ALGORITHMS, AssertionRules, signed_as_registered
from authserver.clients.authentication.credentials import Credentials, refusal
from authserver.clients.directory import Client
from authserver.clients.secret_keys import SecretKeys
from authserver.protocol.errors import InvalidToken
from authserver.tokens import foreign


class ClientSecretJWT:
    """The proof: a MAC under one of the client's secrets, then the rules of every assertion."""

    def __init__(self, keys: SecretKeys, rules: AssertionRules) -> None:
        self._keys = keys
        self._rules = rules

    def __call__(self, client: Client, credentials: Credentials) -> None:
        """Raises InvalidClient unless the assertion is the client's and new."""
        assertion, algorithms = signed_as_registered(client, credentials, MAC_ALGORITHMS)
        reason = "key_unknown"
        for secret in self._keys.of(client):
            try:
                claims = foreign.verify_mac(assertion, secret, algorithms)
            except InvalidToken as error:
                reason = error.reason
                continue
            return self._rules.check(client, credentials, claims)
        raise refusal(credentials, reason=f"assertion_{reason}", spec="RFC 7523 §3")
