"""What operators watch of the business, counted from the events themselves, in one place.

An event counts when its transaction is committed, so that what was rolled back
or tried again is not counted. Which numbers there are is this table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from authserver.events.catalog import (
    AccessTokenRevoked,
    ClientAuthenticationFailed,
    ClientTokenIssued,
    GrantRevoked,
    RefreshTokenRevoked,
    SuspiciousActivityDetected,
    TokenRefreshed,
    TokensIssued,
    UserAccountLocked,
    UserLoggedIn,
    UserLoginFailed,
)
from authserver.events.event import Event
from authserver.telemetry import instruments

LOGINS = instruments.counter("authserver_logins_total", "Attempts to sign in.", ("outcome",))
LOCKOUTS = instruments.counter("authserver_lockouts_total", "Sign-ins closed for a while after too many failures.")
TOKENS = instruments.counter("authserver_tokens_issued_total", "Access tokens issued.", ("grant_type",))
REFRESHES = instruments.counter("authserver_token_refreshes_total", "Refresh tokens used.")
REVOCATIONS = instruments.counter("authserver_revocations_total", "Tokens and grants ended early.", ("kind",))
CLIENT_FAILURES = instruments.counter("authserver_client_authentication_failures_total", "Clients that were refused.")
SUSPICIONS = instruments.counter(
    "authserver_suspicious_activities_total", "What no honest client or browser does.", ("reason",)
)


def _refreshed(_event: Any) -> None:
    REFRESHES.add()
    TOKENS.add("refresh_token")


MEASURES: Mapping[type[Event], Callable[[Any], None]] = MappingProxyType(
    {
        UserLoggedIn: lambda _: LOGINS.add("succeeded"),
        UserLoginFailed: lambda _: LOGINS.add("failed"),
        UserAccountLocked: lambda _: LOCKOUTS.add(),
        TokensIssued: lambda event: TOKENS.add(event.grant_type),
        ClientTokenIssued: lambda _: TOKENS.add("client_credentials"),
        TokenRefreshed: _refreshed,
        AccessTokenRevoked: lambda _: REVOCATIONS.add("access_token"),
        RefreshTokenRevoked: lambda _: REVOCATIONS.add("refresh_token"),
        GrantRevoked: lambda _: REVOCATIONS.add("grant"),
        ClientAuthenticationFailed: lambda _: CLIENT_FAILURES.add(),
        SuspiciousActivityDetected: lambda event: SUSPICIONS.add(event.reason),
    }
)
"""How an event moves the numbers; what is not listed moves none."""


def measure(event: Event) -> None:
    """Count an event that has happened."""
    moves = MEASURES.get(type(event))
    if moves is not None:
        moves(event)
