"""Logout tokens for the one client that reads each (OpenID Connect Back-Channel Logout §2.4)."""

from __future__ import annotations

from dataclasses import dataclass

from authserver.clients.directory import Client
from authserver.clients.subject_identifiers import SubjectIdentifiers
from authserver.crypto.macs import Macs
from authserver.issuing.protection import LOGOUT, Protector
from authserver.protocol import validity
from authserver.protocol.identifiers import new_id
from authserver.tokens import logout_tokens


@dataclass(frozen=True, slots=True)
class ProtectedLogoutTokens:
    """Makes logout tokens, each for one attempt, protected as the client's ID tokens are and always signed."""

    issuer: str
    protector: Protector
    macs: Macs
    subjects: SubjectIdentifiers

    def issue(self, client: Client, session_id: str, user_id: str) -> str:
        """A token that says to `client` that a session has ended. May ask the client's host for its keys.

        Raises:
            InvalidRequest: the client wants encryption and has published no key.
            ServerError: there is no key, or no secret, that signs as the client wants.
        """
        claims = logout_tokens.build(
            issuer=self.issuer,
            client_id=client.id,
            sid=self.macs.sid(session_id, client.id),
            jti=new_id(),
            issued_at=validity.timestamp(),
            subject=self.subjects.of(client, user_id),
        )
        return self.protector.finish(self.protector.prepare(client, LOGOUT), claims, logout_tokens.TYPE)
