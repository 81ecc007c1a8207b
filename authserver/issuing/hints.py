"""ID tokens that come back: as `id_token_hint` at authorization and logout, in CIBA, wherever one names a person.

A hint is an ID token of this server, expired or not. It may have been signed
by a key of ours or, for clients that registered HS256, with their secret; a
client that got it encrypted may have encrypted it to us again (OIDC Core
§3.1.2.1). An unsigned one proves nothing and is no hint.
"""

from __future__ import annotations

from dataclasses import replace

from authserver.clients.directory import ClientSource
from authserver.clients.secret_keys import SecretKeys
from authserver.clients.subject_identifiers import SubjectIdentifiers
from authserver.protocol.algorithms import HS256
from authserver.protocol.errors import InvalidToken
from authserver.signing.keyring import Keyring
from authserver.tokens import encryption, foreign, id_tokens
from authserver.tokens.foreign import Foreign
from authserver.tokens.id_tokens import Hint


class HintReader:
    """Says whom an ID token is about."""

    def __init__(
        self,
        issuer: str,
        keyring: Keyring,
        clients: ClientSource,
        subjects: SubjectIdentifiers,
        secret_keys: SecretKeys,
    ) -> None:
        self._issuer = issuer
        self._keyring = keyring
        self._clients = clients
        self._subjects = subjects
        self._secret_keys = secret_keys

    def read(self, hint: str) -> Hint:
        """What the hint says; its `subject` is the user's id, whatever the client calls the person.

        Raises:
            InvalidToken: it is not an ID token that this issuer signed, or names nobody; `reason` says why.
        """
        opened = self._opened(hint) if encryption.is_encrypted(hint) else hint
        found = self._verified(opened)
        client = self._clients.find(found.client_id)
        if client is None:
            return found
        user_id = self._subjects.user_of(client, found.subject)
        if user_id is None:
            raise InvalidToken("the hint names nobody", reason="subject_unknown", spec="OIDC Core §8.1")
        return replace(found, subject=user_id)

    def _verified(self, hint: str) -> Hint:
        parsed = foreign.parse(hint)
        if parsed.alg != HS256:
            return id_tokens.read_hint(hint, self._keyring, self._issuer)
        found = id_tokens.hint_of(parsed.claims, self._issuer)
        self._check_mac(parsed, found.client_id)
        return found

    def _check_mac(self, parsed: Foreign, client_id: str) -> None:
        """A MAC counts for a client that registered for it, under one of its own secrets."""
        client = self._clients.find(client_id)
        if client is None or client.policy.id_token_alg != HS256 or parsed.typ != id_tokens.TYPE.lower():
            raise foreign.refusal("algorithm_not_allowed")
        for secret in self._secret_keys.of(client):
            try:
                foreign.verify_mac(parsed, secret, (HS256,))
            except InvalidToken:
                continue
            return
        raise foreign.refusal("signature_wrong")

    def _opened(self, hint: str) -> str:
        payload = encryption.decrypt(hint, self._keyring.decryption_keys()).payload
        return payload.decode("ascii", "replace")
