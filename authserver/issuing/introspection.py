"""Token introspection (RFC 7662): who may ask, and what is answered."""

from __future__ import annotations

from typing import Any

from authserver.access import resources as access_resources
from authserver.access.catalog import ResourceCatalog
from authserver.clients.directory import Client, ClientSource
from authserver.clients.subject_identifiers import SubjectIdentifiers
from authserver.issuing.reading import ReadToken, TokenReader
from authserver.tokens.confirmation import token_type

EMAIL_SCOPE = "email"
INACTIVE: dict[str, Any] = {"active": False}
PUBLISHED = (
    "scope",
    "client_id",
    "sub",
    "exp",
    "iat",
    "nbf",
    "iss",
    "aud",
    "jti",
    "cnf",
    "act",
    "may_act",
    "acr",
    "amr",
    "auth_time",
    "sid",
    "authorization_details",
)


class Introspector:
    """Says what a token is worth now, to whom it concerns. Anybody else hears what a stranger hears."""

    def __init__(
        self, reader: TokenReader, catalog: ResourceCatalog, clients: ClientSource, subjects: SubjectIdentifiers
    ) -> None:
        self._reader = reader
        self._catalog = catalog
        self._clients = clients
        self._subjects = subjects

    def introspect(self, client: Client, value: str) -> dict[str, Any]:
        """The introspection response. `{"active": false}` says nothing about why (RFC 7662 §2.2)."""
        token = self._reader.look_up(value)
        if token is None or not token.is_live or not self._may_ask(client, token):
            return INACTIVE
        holder = self._clients.find(token.client_id)
        return _document(token) if holder is None or not holder.is_pairwise else self._pairwise(token, holder)

    def _pairwise(self, token: ReadToken, holder: Client) -> dict[str, Any]:
        """A name or an address would undo what the holder's own name for the person is for (OIDC Core §8.1)."""
        document = _document(token)
        document.pop("username", None)
        if token.kind == "refresh_token" and token.user_id is not None:
            document["sub"] = self._subjects.of(holder, token.user_id)
        return document

    def _may_ask(self, client: Client, token: ReadToken) -> bool:
        """The token's own confidential client, and for access tokens the clients that a resource in `aud` names."""
        if token.kind != "access_token":
            return client.id == token.client_id and not client.is_public
        snapshot = self._catalog.current()
        if not any(uri == token.claims["iss"] or snapshot.resource(uri) for uri in token.audience):
            # Nobody is left for whom the token is good: its resources were removed or switched off.
            return False
        if client.id == token.client_id:
            return not client.is_public
        return client.id in access_resources.introspectors(token.audience, snapshot)


def _document(token: ReadToken) -> dict[str, Any]:
    document: dict[str, Any] = {"active": True}
    document.update((name, token.claims[name]) for name in PUBLISHED if token.claims.get(name))
    if token.kind == "access_token":
        document["token_type"] = token_type(token.claims.get("cnf"))
    username = _username(token)
    if username:
        document["username"] = username
    return document


def _username(token: ReadToken) -> str | None:
    """The name that the person signs in with; where that is the address, only for whom the scope `email` opens it."""
    standing = token.standing
    if standing is None or standing.username:
        return standing.username if standing is not None else None
    return standing.email if EMAIL_SCOPE in token.scopes else None
