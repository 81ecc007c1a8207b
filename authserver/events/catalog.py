"""The closed list of events. What is not in `TYPES` can be neither recorded nor read.

Names are past tense and are the wire names of webhooks and of the audit log, so
a class is never renamed; an event that changes incompatibly raises `VERSION`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, get_args

from authserver.events.administration import (
    AssertionIssuerCreated,
    AssertionIssuerDeleted,
    AssertionIssuerDisabled,
    AssertionIssuerEnabled,
    AuthorizationTypeCreated,
    AuthorizationTypeDeleted,
    ClientCreated,
    ClientDeleted,
    ClientDisabled,
    ClientEnabled,
    ClientSecretRotated,
    ClientUpdated,
    InitialAccessTokenCreated,
    InitialAccessTokenRevoked,
    InitialAccessTokenUsed,
    OrganizationCreated,
    OrganizationSignupCompleted,
    PersonErased,
    ResourceCreated,
    ResourceDeleted,
    ResourceUpdated,
    ScopeCreated,
    ScopeDeleted,
    ScopeUpdated,
    SigningKeyGenerated,
    SigningKeyRetired,
    SigningKeyRotated,
    UserRoleCreated,
    UserRoleDeleted,
)
from authserver.events.event import Event, Personal, canonical, field_names, open_values, personal_values
from authserver.events.issuance import (
    AccessTokenRevoked,
    AuthorizationCodeIssued,
    AuthorizationRefused,
    BackchannelAuthenticationRequested,
    ClientAuthenticationFailed,
    ClientTokenIssued,
    ConsentDenied,
    ConsentGranted,
    ConsentRevoked,
    DeviceCodeIssued,
    GrantRevoked,
    RefreshTokenRevoked,
    RefusalsCounted,
    TokenExchanged,
    TokenRefreshed,
    TokensIssued,
)
from authserver.events.people import (
    AuthSessionCreated,
    ClientLogoutFailed,
    ClientNotifiedOfLogout,
    PasswordRehashed,
    PasswordReset,
    SessionEnded,
    SessionExpired,
    SuspiciousActivityDetected,
    UserAccountLocked,
    UserAccountUnlocked,
    UserCreated,
    UserDeleted,
    UserDisabled,
    UserEnabled,
    UserLoggedIn,
    UserLoginFailed,
    UserLogout,
    UserPasswordChanged,
    UserUpdated,
)

EventPayload = (
    UserLoggedIn
    | UserLoginFailed
    | UserLogout
    | AuthSessionCreated
    | SessionEnded
    | SessionExpired
    | ClientNotifiedOfLogout
    | ClientLogoutFailed
    | UserAccountLocked
    | UserAccountUnlocked
    | SuspiciousActivityDetected
    | UserCreated
    | UserUpdated
    | UserDisabled
    | UserEnabled
    | UserDeleted
    | UserPasswordChanged
    | PasswordReset
    | PasswordRehashed
    | ConsentGranted
    | ConsentDenied
    | ConsentRevoked
    | AuthorizationCodeIssued
    | DeviceCodeIssued
    | BackchannelAuthenticationRequested
    | TokensIssued
    | ClientTokenIssued
    | TokenExchanged
    | TokenRefreshed
    | RefreshTokenRevoked
    | AccessTokenRevoked
    | GrantRevoked
    | ClientAuthenticationFailed
    | AuthorizationRefused
    | RefusalsCounted
    | ClientCreated
    | ClientUpdated
    | ClientDisabled
    | ClientEnabled
    | ClientDeleted
    | ClientSecretRotated
    | InitialAccessTokenCreated
    | InitialAccessTokenUsed
    | InitialAccessTokenRevoked
    | ResourceCreated
    | ResourceUpdated
    | ResourceDeleted
    | AssertionIssuerCreated
    | AssertionIssuerDeleted
    | AssertionIssuerDisabled
    | AssertionIssuerEnabled
    | AuthorizationTypeCreated
    | AuthorizationTypeDeleted
    | ScopeCreated
    | ScopeDeleted
    | ScopeUpdated
    | SigningKeyGenerated
    | SigningKeyRotated
    | SigningKeyRetired
    | UserRoleCreated
    | UserRoleDeleted
    | OrganizationCreated
    | OrganizationSignupCompleted
    | PersonErased
)
"""Every event, for exhaustive matching by the type checker."""

AuditEventPayload = EventPayload
"""What the audit log keeps: all of them, because none is too small to be evidence."""

TYPES: Final[Mapping[str, type[Event]]] = MappingProxyType({kind.__name__: kind for kind in get_args(EventPayload)})

VOCABULARY: Final = frozenset[type[Event]]((OrganizationCreated, OrganizationSignupCompleted))
"""Names that are settled although nothing in the product does yet what they tell."""

# Second names under which the same events are known; the wire name stays the class's.
UserRegistered = UserCreated
PasswordChanged = UserPasswordChanged
RefreshTokenRotated = TokenRefreshed


def event_from(type_name: str, data: Mapping[str, Any], personal: Mapping[str, Any]) -> Event:
    """The event that `open_values` and `personal_values` took apart.

    Fields that a later version no longer has are passed over.

    Raises:
        KeyError: no such event.
    """
    kind = TYPES[type_name]
    known = {name for names in field_names(kind) for name in names}
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in {**data, **personal}.items()
        if name in known
    }
    return kind(**values)


__all__ = [
    "TYPES",
    "VOCABULARY",
    "AccessTokenRevoked",
    "AssertionIssuerCreated",
    "AssertionIssuerDeleted",
    "AssertionIssuerDisabled",
    "AssertionIssuerEnabled",
    "AuditEventPayload",
    "AuthSessionCreated",
    "AuthorizationCodeIssued",
    "AuthorizationRefused",
    "AuthorizationTypeCreated",
    "AuthorizationTypeDeleted",
    "BackchannelAuthenticationRequested",
    "ClientAuthenticationFailed",
    "ClientCreated",
    "ClientDeleted",
    "ClientDisabled",
    "ClientEnabled",
    "ClientLogoutFailed",
    "ClientNotifiedOfLogout",
    "ClientSecretRotated",
    "ClientTokenIssued",
    "ClientUpdated",
    "ConsentDenied",
    "ConsentGranted",
    "ConsentRevoked",
    "DeviceCodeIssued",
    "Event",
    "EventPayload",
    "GrantRevoked",
    "InitialAccessTokenCreated",
    "InitialAccessTokenRevoked",
    "InitialAccessTokenUsed",
    "OrganizationCreated",
    "OrganizationSignupCompleted",
    "PasswordChanged",
    "PasswordRehashed",
    "PasswordReset",
    "PersonErased",
    "Personal",
    "RefreshTokenRevoked",
    "RefreshTokenRotated",
    "RefusalsCounted",
    "ResourceCreated",
    "ResourceDeleted",
    "ResourceUpdated",
    "ScopeCreated",
    "ScopeDeleted",
    "ScopeUpdated",
    "SessionEnded",
    "SessionExpired",
    "SigningKeyGenerated",
    "SigningKeyRetired",
    "SigningKeyRotated",
    "SuspiciousActivityDetected",
    "TokenExchanged",
    "TokenRefreshed",
    "TokensIssued",
    "UserAccountLocked",
    "UserAccountUnlocked",
    "UserCreated",
    "UserDeleted",
    "UserDisabled",
    "UserEnabled",
    "UserLoggedIn",
    "UserLoginFailed",
    "UserLogout",
    "UserPasswordChanged",
    "UserRegistered",
    "UserRoleCreated",
    "UserRoleDeleted",
    "UserUpdated",
    "canonical",
    "event_from",
    "open_values",
    "personal_values",
]
