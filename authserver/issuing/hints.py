"""ID tokens that come back: as `id_token_hint` at authorization and logout, in CIBA, wherever one names a person.

A hint is an ID token of this server, expired or not. It may have been signed
by a key of ours or, for clients that registered HS256, with their secret; a
client that got it encrypted may have encrypted it to us again (OIDC Core
§3.1.2.1). An unsigned one proves nothing and is no hint.
"""

from __future__ import annotations

from dataclasses import replace

from authserver.clients.directory import ClientSource
from authserver.clients.subject_identifiers import SubjectIdentifiers
from authserver.protocol.errors import InvalidToken
from authserver.signing.keyring import Keyring
from authserver.tokens import encryption, id_tokens
from authserver.tokens.id_tokens import Hint


class HintReader:
    """Says whom an ID token is about."""

    def __init__(self, issuer: str, keyring: Keyring, clients: ClientSource, subjects: SubjectIdentifiers) -> None:
        self._issuer = issuer
        self._keyring = keyring
        self._clients = clients
        self._subjects = subjects

    def read(self, hint: str) -> Hint:
        """What the hint says; its `subject` is the user's id, whatever the client calls the person.

        Raises:
            InvalidToken: it is not an ID token that this issuer signed, or names nobody; `reason` says why.
        """
        opened = self._opened(hint) if encryption.is_encrypted(hint) else hint
        found = id_tokens.read_hint(opened, self._keyring, self._issuer)
        client = self._clients.find(found.client_id)
        if client is None:
            return found
        user_id = self._subjects.user_of(client, found.subject)
        if user_id is None:
            raise InvalidToken("the hint names nobody", reason="subject_unknown", spec="OIDC Core §8.1")
        return replace(found, subject=user_id)

    def _opened(self, hint: str) -> str:
        payload = encryption.decrypt(hint, self._keyring.decryption_keys()).payload
        return payload.decode("ascii", "replace")
