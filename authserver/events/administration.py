"""Events about what administrators manage: clients, resources, scopes, keys, roles, organizations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from authserver.events.event import Event, Personal


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientEvent(Event):
    """Something happened to a registered client."""

    TARGET: ClassVar[str] = "client_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCreated(ClientEvent):
    """A client was registered."""

    name: str | None = None
    profile: str | None = None
    public: bool = False
    origin: str = "operator"
    """Who registered it: `operator`, itself with a `token` or `anonymous`, or a metadata `document`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientUpdated(ClientEvent):
    """Metadata or policy of a client changed."""

    changed: tuple[str, ...]
    """Names of the changed fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientDisabled(ClientEvent):
    """A client was switched off; its tokens are no longer live."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientEnabled(ClientEvent):
    """A client was switched on again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientDeleted(ClientEvent):
    """A client was removed with its grants."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSecretRotated(ClientEvent):
    """A client received a new secret."""

    secret_id: str | None = None
    previous_valid_for: int = 0
    """Seconds for which the earlier secret is still accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InitialAccessTokenEvent(Event):
    """Something happened to an initial access token."""

    TARGET: ClassVar[str] = "token_id"

    token_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InitialAccessTokenCreated(InitialAccessTokenEvent):
    """Somebody may register clients."""

    profile: str
    uses: int | None = None
    """How many clients; absent where nobody counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InitialAccessTokenUsed(InitialAccessTokenEvent):
    """A client was registered with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InitialAccessTokenRevoked(InitialAccessTokenEvent):
    """It registers no more clients; those that it registered stay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceCreated(Event):
    """A resource server was registered."""

    TARGET: ClassVar[str] = "resource"

    resource: str
    """The resource URI (RFC 8707)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceUpdated(Event):
    """A resource server's registration changed."""

    TARGET: ClassVar[str] = "resource"

    resource: str
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceDeleted(Event):
    """A resource server was removed."""

    TARGET: ClassVar[str] = "resource"

    resource: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionIssuerCreated(Event):
    """An issuer was trusted: its assertions stand for people (RFC 7523)."""

    TARGET: ClassVar[str] = "issuer"

    issuer: str
    """Its `iss`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionIssuerDeleted(Event):
    """An issuer is trusted no longer."""

    TARGET: ClassVar[str] = "issuer"

    issuer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionIssuerDisabled(Event):
    """No assertion of an issuer is taken until further notice."""

    TARGET: ClassVar[str] = "issuer"

    issuer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionIssuerEnabled(Event):
    """Assertions of an issuer are taken again."""

    TARGET: ClassVar[str] = "issuer"

    issuer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationTypeCreated(Event):
    """A type of authorization details was registered."""

    TARGET: ClassVar[str] = "details_type"

    details_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationTypeDeleted(Event):
    """A type of authorization details was removed."""

    TARGET: ClassVar[str] = "details_type"

    details_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeCreated(Event):
    """A scope was registered."""

    TARGET: ClassVar[str] = "scope"

    scope: str
    resource: str | None = None
    implies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeUpdated(Event):
    """What is registered of a scope changed."""

    TARGET: ClassVar[str] = "scope"

    scope: str
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeDeleted(Event):
    """A scope was removed."""

    TARGET: ClassVar[str] = "scope"

    scope: str
    resource: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKeyEvent(Event):
    """Something happened to a signing key."""

    TARGET: ClassVar[str] = "kid"

    kid: str
    algorithm: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKeyGenerated(SigningKeyEvent):
    """A key was made and is published; it signs nothing yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKeyRotated(SigningKeyEvent):
    """A key became the active one of its algorithm."""

    previous_kid: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKeyRetired(SigningKeyEvent):
    """A key signs no longer; it stays published for verification."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRoleCreated(Event):
    """A user received a role."""

    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRoleDeleted(Event):
    """A user lost a role."""

    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationCreated(Event):
    """An organization was registered."""

    TARGET: ClassVar[str] = "organization_id"

    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationSignupCompleted(Event):
    """An organization and its first administrator were registered together."""

    TARGET: ClassVar[str] = "organization_id"

    email: Personal = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonErased(Event):
    """The key of a person's audit data was destroyed; what it sealed cannot be read again."""
