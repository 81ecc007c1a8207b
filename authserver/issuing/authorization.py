"""What a grant hands to the mint, and what the mint hands back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from authserver.clients.directory import Client


@dataclass(frozen=True, slots=True)
class Authorization:
    """Everything tokens may depend on.

    Args:
        grant_type: the grant that was redeemed.
        client: whom the tokens are for.
        scopes: what the access token may do.
        audience: whom it is for; the issuer itself among them opens UserInfo.
        subject: the user's id, or None where the client acts for itself.
        grant_id: the root that the tokens hang on; None for self-contained client tokens.
        refresh_token: the value to hand out, made or repeated by the grant.
        user_claims: claims of the user that the access token may carry.
        with_id_token: whether an ID token belongs to the answer.
        authorization_details: what it may do in detail (RFC 9396).
        not_after: seconds since 1970 that the access token does not outlive, where something else ends then.
        act: who acts for the subject (RFC 8693 §4.1).
        lineage: the clients through whose tokens this came by exchange; the first holds the grant.
        issued_token_type: what the answer calls the token (RFC 8693 §2.2.1), for an exchange alone.
        with_access_token: whether an access token does; not in the response types `id_token` and `code id_token`.
        code, state: what an ID token of the authorization endpoint travels with and vouches for.
    """

    grant_type: str
    client: Client
    scopes: frozenset[str]
    audience: tuple[str, ...]
    subject: str | None = None
    grant_id: str | None = None
    session_id: str | None = None
    auth_time: datetime | None = None
    acr: str = ""
    amr: tuple[str, ...] = ()
    nonce: str | None = None
    cnf: Mapping[str, Any] | None = None
    refresh_token: str | None = None
    with_id_token: bool = False
    with_access_token: bool = True
    code: str | None = None
    state: str | None = None
    user_claims: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    id_token_claims: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    authorization_details: tuple[Mapping[str, Any], ...] = ()
    not_after: int | None = None
    act: Mapping[str, Any] | None = None
    lineage: tuple[str, ...] = ()
    issued_token_type: str | None = None


@dataclass(frozen=True, slots=True)
class TokenSet:
    """A token response (RFC 6749 §5.1). `expires_in` is seconds."""

    access_token: str
    expires_in: int
    scope: str
    jti: str
    refresh_token: str | None = None
    id_token: str | None = None
    token_type: str = "Bearer"
    issued_token_type: str | None = None
    authorization_details: tuple[Mapping[str, Any], ...] = ()

    def to_document(self) -> dict[str, Any]:
        """The members as they are sent."""
        document: dict[str, Any] = {
            "access_token": self.access_token,
            "token_type": self.token_type,
            "expires_in": self.expires_in,
            "scope": self.scope,
        }
        if self.issued_token_type is not None:
            document["issued_token_type"] = self.issued_token_type
        if self.authorization_details:
            document["authorization_details"] = [dict(detail) for detail in self.authorization_details]
        if self.refresh_token is not None:
            document["refresh_token"] = self.refresh_token
        if self.id_token is not None:
            document["id_token"] = self.id_token
        return document
