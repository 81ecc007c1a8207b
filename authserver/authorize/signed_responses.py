"""Answers as one signed JWT (JWT Secured Authorization Response Mode for OAuth 2.0, JARM)."""

from __future__ import annotations

from typing import Final

from authserver.authorize.outcomes import ClientResponse
from authserver.clients.directory import Client
from authserver.protocol import responses, validity
from authserver.protocol.errors import ServerError
from authserver.signing.keyring import Keyring, NoActiveKey
from authserver.tokens import jose

LIFETIME_SECONDS: Final = 300
"""How long an answer is good; ten minutes at most are recommended (JARM §2.1)."""
TYPE: Final = "JWT"


class ResponseSigner:
    """Puts the parameters of an answer into a JWT where the response mode asks for it."""

    def __init__(self, issuer: str, keyring: Keyring) -> None:
        self._issuer = issuer
        self._keyring = keyring

    def protected(self, answer: ClientResponse, client: Client) -> ClientResponse:
        """The answer as its mode wants it: `response` alone, or unchanged.

        Raises:
            ServerError: there is no key for the algorithm of this client.
        """
        if not responses.is_signed(answer.response_mode):
            return answer
        claims: dict[str, object] = dict(answer.parameters)
        claims |= {"iss": self._issuer, "aud": client.id, "exp": validity.timestamp() + LIFETIME_SECONDS}
        if "expires_in" in claims:
            claims["expires_in"] = int(str(claims["expires_in"]))
        return answer.with_parameters((("response", self._signed(claims, client)),))

    def _signed(self, claims: dict[str, object], client: Client) -> str:
        algorithm = client.extensions.authorization_signed_response_alg or client.policy.access_token_alg
        try:
            return jose.sign(claims, self._keyring.active(algorithm), TYPE)
        except NoActiveKey as error:
            raise ServerError(
                "The server cannot sign answers for this application.",
                reason="no_signing_key",
                setting=f"keys generate --alg {algorithm}",
            ) from error
