"""Events about consents, grants, codes and tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from authserver.events.event import Event, Outcome, Personal


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentGranted(Event):
    """A person allowed a client to act."""

    TARGET: ClassVar[str] = "client_id"

    scopes: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    remembered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentDenied(Event):
    """A person refused what a client asked for."""

    OUTCOME: ClassVar[Outcome] = "failure"
    TARGET: ClassVar[str] = "client_id"

    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRevoked(Event):
    """A remembered consent was taken back; its grants end with it."""

    TARGET: ClassVar[str] = "client_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationCodeIssued(Event):
    """The authorization endpoint answered with a code."""

    TARGET: ClassVar[str] = "grant_id"

    scopes: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCodeIssued(Event):
    """A device asked for access and shows its code (RFC 8628 §3.2)."""

    TARGET: ClassVar[str] = "request_id"

    request_id: str
    """The request that the person answers."""
    scopes: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BackchannelAuthenticationRequested(Event):
    """A client asked in the background for a person to be signed in (CIBA Core §7)."""

    TARGET: ClassVar[str] = "request_id"

    request_id: str
    """The request that the person answers."""
    scopes: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TokensIssued(Event):
    """A grant was redeemed for tokens."""

    TARGET: ClassVar[str] = "grant_id"

    grant_type: str
    token_id: str | None = None
    """`jti` of the access token."""
    family_id: str | None = None
    scopes: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()
    expires_in: int | None = None
    """Seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenExchanged(Event):
    """A client exchanged somebody's token for one of its own (RFC 8693)."""

    TARGET: ClassVar[str] = "client_id"

    rule: str
    """The client's exchange rule that allowed it."""
    mode: str
    """`delegation` or `impersonation`."""
    subject_client: str
    """The client that the presented token was issued to."""
    subject_token_id: str | None = None
    """`jti` of the presented token, where it has one."""
    acting: str | None = None
    """`sub` of who acts for the subject."""
    token_id: str | None = None
    """`jti` of the new access token."""
    scopes: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTokenIssued(Event):
    """A client received a token of its own (RFC 6749 §4.4)."""

    TARGET: ClassVar[str] = "client_id"

    token_id: str
    """`jti` of the access token."""
    scopes: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()
    expires_in: int | None = None
    """Seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRefreshed(Event):
    """A refresh token was exchanged for new tokens."""

    TARGET: ClassVar[str] = "grant_id"

    family_id: str | None = None
    token_id: str | None = None
    """`jti` of the new access token."""
    rotated: bool = True
    repeated: bool = False
    """Whether the same successor was handed out again within the grace."""
    scopes: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshTokenRevoked(Event):
    """A refresh token family ended."""

    TARGET: ClassVar[str] = "grant_id"

    reason: str
    """`revoked_by_client`, `reused`, `logout`, `expired` …"""
    family_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessTokenRevoked(Event):
    """One access token ended before its time (RFC 7009)."""

    TARGET: ClassVar[str] = "token_id"

    token_id: str
    reason: str = "revoked_by_client"


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRevoked(Event):
    """A grant ended, and with it every code and token that carries its id."""

    TARGET: ClassVar[str] = "grant_id"

    reason: str
    """`code_replayed`, `refresh_token_reused`, `logout`, `consent_revoked`, `user_disabled` …"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientAuthenticationFailed(Event):
    """A client could not prove who it is; `client_id` is what it claimed, where such a client exists."""

    OUTCOME: ClassVar[Outcome] = "failure"
    TARGET: ClassVar[str] = "client_id"

    reason: str
    method: str | None = None
    endpoint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRefused(Event):
    """A grant or an authorization request was refused for a reason that somebody may want to look at."""

    OUTCOME: ClassVar[Outcome] = "failure"
    TARGET: ClassVar[str] = "client_id"

    reason: str
    error: str
    """The registered error code that was answered."""
    endpoint: str | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalsCounted(Event):
    """More refusals alike than are told one by one: how many more a process saw in an hour."""

    OUTCOME: ClassVar[Outcome] = "failure"
    TARGET: ClassVar[str] = "client_id"

    event: str
    """The event that each of them would have been: `ClientAuthenticationFailed` or `AuthorizationRefused`."""
    reason: str
    count: int
    since: str
    """When the first of them came; the event's own time is that of the last."""
    source: Personal = None
    """The network they came from, where no client is known; neither for those that found no place of their own."""
