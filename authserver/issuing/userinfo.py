"""What UserInfo answers (OIDC Core §5.3.2): the claims of the person behind an access token, in the client's form."""

from __future__ import annotations

from typing import Any, Final

from authserver.clients.directory import Client, ClientSource
from authserver.clients.subject_identifiers import SubjectIdentifiers
from authserver.identity import profiles
from authserver.issuing import protection
from authserver.issuing.protection import USERINFO, Protector
from authserver.issuing.reading import ReadToken
from authserver.protocol.errors import InvalidToken
from authserver.storage.database import Database

TYPE: Final = "JWT"


class UserInfo:
    """Finds the person through the grant, because a token may call them by a name of its client alone."""

    def __init__(
        self,
        issuer: str,
        database: Database,
        clients: ClientSource,
        subjects: SubjectIdentifiers,
        protector: Protector,
    ) -> None:
        self._issuer = issuer
        self._database = database
        self._clients = clients
        self._subjects = subjects
        self._protector = protector

    def answer(self, token: ReadToken) -> dict[str, Any] | str:
        """The claims as a JSON object, or as a JWT where the client registered for one.

        Raises:
            InvalidToken: the token stands for no person.
            InvalidRequest: the client wants encryption and has published no key.
            ServerError: there is no key that signs as the client wants.
        """
        client = self._clients.find(token.client_id)
        if client is None:
            raise _nobody("client_unknown")
        claims = self._claims(token, client)
        if not protection.registered(client, USERINFO).is_wanted:
            return claims
        prepared = self._protector.prepare(client, USERINFO)
        return self._protector.finish(prepared, {**claims, "iss": self._issuer, "aud": client.id}, TYPE)

    def _claims(self, token: ReadToken, client: Client) -> dict[str, Any]:
        with self._database.reading() as unit:
            found = unit.grants.person(token.grant_id) if token.grant_id is not None else None
        if found is None:
            raise _nobody("user_unknown")
        user, requested = found
        wanted = (requested or {}).get("userinfo")
        return {**profiles.claims_for(user, token.scopes, wanted), "sub": self._subjects.of(client, user.id)}


def _nobody(reason: str) -> InvalidToken:
    return InvalidToken("The access token is not valid any more.", reason=reason, spec="OIDC Core §5.3.3")
