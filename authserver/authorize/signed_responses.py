"""Answers as one JWT: signed, and encrypted where the client registered for it (JARM).

JWT Secured Authorization Response Mode for OAuth 2.0.
"""

from __future__ import annotations

from typing import Final

from authserver.authorize.outcomes import ClientResponse
from authserver.clients.directory import Client
from authserver.issuing.protection import AUTHORIZATION, Protector
from authserver.protocol import responses, validity

LIFETIME_SECONDS: Final = 300
"""How long an answer is good; ten minutes at most are recommended (JARM §2.1)."""
TYPE: Final = "JWT"


class ResponseSigner:
    """Puts the parameters of an answer into a JWT where the response mode asks for it."""

    def __init__(self, issuer: str, protector: Protector) -> None:
        self._issuer = issuer
        self._protector = protector

    def protected(self, answer: ClientResponse, client: Client) -> ClientResponse:
        """The answer as its mode wants it: `response` alone, or unchanged.

        Raises:
            ServerError: there is no key for the algorithm of this client.
            InvalidRequest: the client wants answers encrypted and has published no key.
        """
        if not responses.is_signed(answer.response_mode):
            return answer
        claims: dict[str, object] = dict(answer.parameters)
        claims |= {"iss": self._issuer, "aud": client.id, "exp": validity.timestamp() + LIFETIME_SECONDS}
        if "expires_in" in claims:
            claims["expires_in"] = int(str(claims["expires_in"]))
        return answer.with_parameters((("response", self._signed(claims, client)),))

    def _signed(self, claims: dict[str, object], client: Client) -> str:
        return self._protector.finish(self._protector.prepare(client, AUTHORIZATION), claims, TYPE)
