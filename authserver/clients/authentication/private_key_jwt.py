"""`private_key_jwt`: an assertion that the client signed with a key it published (RFC 7523 §2.2, OIDC Core §9)."""

from __future__ import annotations

from authserver.clients.authentication.assertions import AssertionRules, signed_as_registered
from authserver.clients.authentication.credentials import Credentials, refusal
from authserver.clients.directory import Client
from authserver.clients.keys import ClientKeys
from authserver.protocol.errors import InvalidToken
from authserver.tokens import foreign


class PrivateKeyJWT:
    """The proof: a signature by one of the client's keys, then the rules of every assertion."""

    def __init__(self, keys: ClientKeys, rules: AssertionRules) -> None:
        self._keys = keys
        self._rules = rules

    def __call__(self, client: Client, credentials: Credentials) -> None:
        """Raises InvalidClient unless the assertion is the client's and new."""
        # Before the keys are asked for: they may have to be fetched.
        assertion, algorithms = signed_as_registered(client, credentials, client.policy.signing_algorithms)
        try:
            claims = foreign.verify(assertion, self._keys.of(client, assertion.kid), algorithms)
        except InvalidToken as error:
            raise refusal(credentials, reason=f"assertion_{error.reason}", spec="RFC 7523 §3") from error
        self._rules.check(client, credentials, claims)
