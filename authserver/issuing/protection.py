"""How an answer is protected for the one client that reads it: signed, encrypted, or first the one and then the other.

ID tokens, UserInfo and other answers as JWTs go the same way (OIDC Core §10,
RFC 7519 §11.2); each client registers for each of them what it wants. The key
that signs is chosen before anything is consumed, the client's key when the
token is made, because it may have to be fetched.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson

from authserver.clients.directory import Client
from authserver.clients.keys import ClientKeys
from authserver.clients.secret_keys import SecretKeys
from authserver.protocol.algorithms import DEFAULT_CONTENT_ENCRYPTION, HS256, NONE
from authserver.protocol.errors import InvalidRequest, InvalidToken, ServerError
from authserver.signing.keyring import Keyring, NoActiveKey
from authserver.signing.keys import SigningKey
from authserver.tokens import encryption, jose, shared
from authserver.tokens.encryption import NoRecipientKey

ID_TOKEN: Final = "id_token"
USERINFO: Final = "userinfo"
AUTHORIZATION: Final = "authorization"
INTROSPECTION: Final = "introspection"
LOGOUT: Final = "logout"
DEFAULT_ALGORITHM: Final = "RS256"
"""Signs where nothing was registered and nothing else follows from what was (RFC 9701 §6, Back-Channel Logout §2.4)."""
NESTED: Final = "JWT"
"""The `cty` of an encrypted token that holds a signed one (RFC 7519 §5.2)."""


@dataclass(frozen=True, slots=True)
class Protection:
    """What a client wants for one kind of answer, as JOSE names it; None for not at all."""

    signed: str | None
    encrypted: str | None = None
    content: str = DEFAULT_CONTENT_ENCRYPTION

    @property
    def is_wanted(self) -> bool:
        """Whether the answer is a JWT; without one it is plain JSON."""
        return self.signed is not None or self.encrypted is not None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A protection whose own key is chosen."""

    client: Client
    protection: Protection
    key: SigningKey | None
    secret: bytes | None = field(default=None, repr=False)

    @property
    def signed(self) -> str:
        """The algorithm of the signature, or an empty string."""
        return self.protection.signed or ""


def registered(client: Client, kind: str) -> Protection:
    """What `client` registered for a `kind` of answer: `id_token`, `userinfo`, `authorization`, `introspection`.

    A `logout` token is protected as ID tokens are, but always signed (OIDC Back-Channel Logout §2.4).
    """
    found = client.extensions
    if kind == LOGOUT:
        like = registered(client, ID_TOKEN)
        return replace(like, signed=DEFAULT_ALGORITHM) if like.signed == NONE else like
    signed = getattr(found, f"{kind}_signed_response_alg") or _default(client, kind)
    return Protection(
        signed,
        getattr(found, f"{kind}_encrypted_response_alg"),
        getattr(found, f"{kind}_encrypted_response_enc") or DEFAULT_CONTENT_ENCRYPTION,
    )


def _default(client: Client, kind: str) -> str | None:
    """What is always signed has a default; the policy's already follows what the client registered."""
    policy = client.policy
    if kind == INTROSPECTION:
        return DEFAULT_ALGORITHM if DEFAULT_ALGORITHM in policy.signing_algorithms else policy.access_token_alg
    return {ID_TOKEN: policy.id_token_alg, AUTHORIZATION: policy.access_token_alg}.get(kind)


class Protector:
    """Makes JWTs for clients."""

    def __init__(self, keyring: Keyring, client_keys: ClientKeys, secret_keys: SecretKeys) -> None:
        self._secret_keys = secret_keys
        self._keyring = keyring
        self._client_keys = client_keys

    def check_readable(self, client: Client, kind: str) -> None:
        """See that the client has a key to encrypt to, if it wants encryption: before anything is consumed.

        Asks the client's host, and so never inside a transaction, unless `read_keys` was called just before it.

        Raises:
            InvalidRequest: there is no such key.
        """
        wanted = registered(client, kind)
        if wanted.encrypted is not None and not encryption.has_recipient_key(self._keys(client), wanted.encrypted):
            raise _no_recipient(client, wanted.encrypted)

    def read_keys(self, client: Client) -> None:
        """Have the client's keys at hand for a transaction, which must not wait for the client's host.

        Whether there are any is asked later, by `check_readable`; what could not be read is left alone for a while.
        """
        if any(registered(client, kind).encrypted is not None for kind in (ID_TOKEN, AUTHORIZATION)):
            with suppress(InvalidToken):
                self._client_keys.of(client)

    def prepare(self, client: Client, kind: str) -> Prepared:
        """Choose the key that signs.

        Raises:
            ServerError: there is none for the algorithm that the client wants.
        """
        wanted = registered(client, kind)
        if wanted.signed == HS256:
            return Prepared(client, wanted, None, self._secret(client))
        return Prepared(client, wanted, self._signing_key(wanted.signed))

    def finish(self, prepared: Prepared, claims: Mapping[str, Any], typ: str) -> str:
        """The token.

        Raises:
            InvalidRequest: the client wants encryption and has no key for it.
        """
        wanted = prepared.protection
        signed = self._signed(prepared, claims, typ)
        if wanted.encrypted is None:
            return signed or ""
        payload = orjson.dumps(claims) if signed is None else signed.encode("ascii")
        try:
            return encryption.encrypt(
                payload,
                self._keys(prepared.client),
                alg=wanted.encrypted,
                enc=wanted.content,
                cty=NESTED if signed is not None else None,
            )
        except NoRecipientKey as error:
            raise _no_recipient(prepared.client, wanted.encrypted) from error

    def _signed(self, prepared: Prepared, claims: Mapping[str, Any], typ: str) -> str | None:
        if prepared.key is not None:
            return jose.sign(claims, prepared.key, typ)
        if prepared.secret is not None:
            return shared.with_mac(claims, prepared.secret, typ)
        return shared.unsecured(claims, typ) if prepared.signed == NONE else None

    def _signing_key(self, algorithm: str | None) -> SigningKey | None:
        if algorithm is None or algorithm == NONE:
            return None
        try:
            return self._keyring.active(algorithm)
        except NoActiveKey as error:
            raise ServerError(
                "The server cannot sign tokens for this application.",
                reason="no_signing_key",
                setting=f"keys generate --alg {algorithm}",
            ) from error

    def _secret(self, client: Client) -> bytes:
        """The client's newest secret, of which it has a sealed copy because it registered HS256 (OIDC Core §10.1)."""
        known = self._secret_keys.of(client)
        if not known:
            raise ServerError(
                "The server has no secret to sign with for this application.",
                reason="no_signing_secret",
                spec="OIDC Core §10.1",
                setting=f"clients rotate-secret {client.id}",
            )
        return known[0]

    def _keys(self, client: Client) -> Any:
        try:
            return self._client_keys.of(client)
        except InvalidToken as error:
            raise InvalidRequest(
                "The application's keys at jwks_uri cannot be read.",
                reason="recipient_keys_unavailable",
                spec="OIDC Core §10.2",
                setting=f"client {client.id}: jwks_uri",
            ) from error


def _no_recipient(client: Client, algorithm: str) -> InvalidRequest:
    return InvalidRequest(
        f"The application has published no key for encryption with {algorithm}.",
        reason="recipient_key_missing",
        spec="OIDC Core §10.2",
        setting=f"client {client.id}: jwks",
    )
