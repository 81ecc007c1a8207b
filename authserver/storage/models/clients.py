"""Relying parties, their secrets, and the resources they may ask for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from authserver.protocol import validity
from authserver.storage.columns import Base, BelongsToOrganization, Created, Expiring, Identified


class ClientRecord(Created, BelongsToOrganization, Base):
    """A registered client. `id` is its client_id; `version` rises with every change.

    `origin` says who registered it: `operator`, the client itself with an initial access `token` or as
    `anonymous`, or the author of a metadata `document`. `unused_since` is the time of an anonymous
    registration until somebody grants the client something.
    """

    __tablename__ = "oauth2_clients"

    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    application_type: Mapped[str] = mapped_column(String(16), default="web")
    profile: Mapped[str] = mapped_column(String(64), default="default")
    policy: Mapped[dict[str, Any]] = mapped_column(default=dict)
    token_endpoint_auth_method: Mapped[str] = mapped_column(String(64), default="client_secret_basic")
    redirect_uris: Mapped[list[str]] = mapped_column(default=list)
    post_logout_redirect_uris: Mapped[list[str]] = mapped_column(default=list)
    grant_types: Mapped[list[str]] = mapped_column(default=list)
    response_types: Mapped[list[str]] = mapped_column(default=list)
    scope: Mapped[str] = mapped_column(String, default="")
    origins: Mapped[list[str]] = mapped_column(default=list)
    resources: Mapped[list[str]] = mapped_column(default=list)
    default_resource: Mapped[str | None] = mapped_column(String(2048), default=None)
    jwks: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    jwks_uri: Mapped[str | None] = mapped_column(String(2048), default=None)
    client_uri: Mapped[str | None] = mapped_column(String(2048), default=None)
    logo_uri: Mapped[str | None] = mapped_column(String(2048), default=None)
    policy_uri: Mapped[str | None] = mapped_column(String(2048), default=None)
    tos_uri: Mapped[str | None] = mapped_column(String(2048), default=None)
    contacts: Mapped[list[str]] = mapped_column(default=list)
    metadata_extra: Mapped[dict[str, Any]] = mapped_column(default=dict)
    first_party: Mapped[bool] = mapped_column(default=False)
    enabled: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[datetime] = mapped_column(default=validity.now)
    origin: Mapped[str] = mapped_column(String(16), default="operator")
    registration_digest: Mapped[bytes | None] = mapped_column(default=None)
    unused_since: Mapped[datetime | None] = mapped_column(default=None, index=True)


class InitialAccessToken(Identified, Created, Expiring, Base):
    """What lets somebody register clients (RFC 7591 §3): its digest, their profile, and how often it is good.

    `uses_left` is null where nobody counts.
    """

    __tablename__ = "initial_access_tokens"

    digest: Mapped[bytes] = mapped_column(unique=True)
    profile: Mapped[str] = mapped_column(String(64))
    uses_left: Mapped[int | None] = mapped_column(default=None)
    created_by: Mapped[str | None] = mapped_column(String(255), default=None)
    note: Mapped[str] = mapped_column(String(255), default="")
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)


class ClientSecret(Identified, Created, Base):
    """One of a client's secrets: a digest always, a sealed copy only where the secret is used as a key."""

    __tablename__ = "oauth2_client_secrets"

    client_id: Mapped[str] = mapped_column(String(255), ForeignKey("oauth2_clients.id", ondelete="CASCADE"), index=True)
    digest: Mapped[bytes]
    sealed: Mapped[bytes | None] = mapped_column(default=None)
    not_before: Mapped[datetime] = mapped_column(default=validity.now)
    expires_at: Mapped[datetime | None] = mapped_column(default=None)


class Resource(Created, BelongsToOrganization, Base):
    """A protected resource (RFC 8707): its URI is the audience of tokens for it. `token_ttl` is seconds.

    `dynamic_clients` opens it to clients that registered themselves.
    """

    __tablename__ = "resources"

    id: Mapped[str] = mapped_column(String(2048), primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    token_format: Mapped[str | None] = mapped_column(String(8), default=None)
    token_ttl: Mapped[int | None] = mapped_column(default=None)
    token_alg: Mapped[str | None] = mapped_column(String(16), default=None)
    introspected_by: Mapped[list[str]] = mapped_column(default=list)
    described: Mapped[bool] = mapped_column(default=False)
    dynamic_clients: Mapped[bool] = mapped_column(default=False)
    enabled: Mapped[bool] = mapped_column(default=True)
    updated_at: Mapped[datetime] = mapped_column(default=validity.now)


class AuthorizationType(Created, Base):
    """A type of authorization details (RFC 9396): its title, its words for people, and the schema of its objects."""

    __tablename__ = "authorization_types"

    type: Mapped[str] = mapped_column(String(255), primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    words: Mapped[str] = mapped_column(String, default="")
    schema: Mapped[dict[str, Any]]


class Scope(Created, Base):
    """A scope value, registered globally (`resource_id` null) or by a resource, and those that come with it."""

    __tablename__ = "scopes"

    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    description: Mapped[str] = mapped_column(String(255), default="")
    resource_id: Mapped[str | None] = mapped_column(
        String(2048), ForeignKey("resources.id", ondelete="CASCADE"), default=None, index=True
    )
    is_standard: Mapped[bool] = mapped_column(default=False)
    implies: Mapped[list[str]] = mapped_column(default=list)
