"""Events about users and their sessions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from authserver.events.event import Event, Outcome, Personal


@dataclass(frozen=True, slots=True, kw_only=True)
class UserLoggedIn(Event):
    """A person proved who they are."""

    methods: tuple[str, ...] = ()
    """Authentication methods used (RFC 8176)."""
    acr: str | None = None
    identity_provider: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserLoginFailed(Event):
    """An attempt to sign in was refused; `user_id` is absent when no account has this name."""

    OUTCOME: ClassVar[Outcome] = "failure"

    reason: str
    """Stable word, `password_wrong` for example."""
    identifier_digest: str | None = None
    """Keyed digest of the normalised identifier: groups attempts without naming anybody."""
    identifier: Personal = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserLogout(Event):
    """A person signed out."""

    TARGET: ClassVar[str] = "session_id"

    initiated_by: str = "user"
    """`user`, `client` or `administrator`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthSessionCreated(Event):
    """A browser session began."""

    TARGET: ClassVar[str] = "session_id"

    acr: str | None = None
    remembered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded(Event):
    """A session ended before its time, with the tokens that hang on it."""

    TARGET: ClassVar[str] = "session_id"

    reason: str
    """`logout`, `password_reset`, `user_disabled`, `signed_out_everywhere`, `administrator` …"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionExpired(Event):
    """A session reached its idle or absolute limit; told by the worker within minutes."""

    TARGET: ClassVar[str] = "session_id"

    reason: str = "idle"
    """`idle` or `absolute`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientNotifiedOfLogout(Event):
    """A client answered the logout token of a session that ended (OIDC Back-Channel Logout §2.8)."""

    TARGET: ClassVar[str] = "client_id"

    attempts: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientLogoutFailed(Event):
    """A client could not be told that a session has ended, and will not be told any more."""

    OUTCOME: ClassVar[Outcome] = "failure"
    TARGET: ClassVar[str] = "client_id"

    reason: str
    """Stable word: `status_400` and the like for an answer, `timed_out` and the like where there was none."""
    attempts: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class UserAccountLocked(Event):
    """Too many failures: sign-in is closed for a while, for known and unknown names alike."""

    OUTCOME: ClassVar[Outcome] = "failure"

    failures: int
    locked_for: int
    """Seconds."""
    identifier_digest: str | None = None
    identifier: Personal = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserAccountUnlocked(Event):
    """An administrator lifted a lock before its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspiciousActivityDetected(Event):
    """Something that an honest client or browser does not do."""

    OUTCOME: ClassVar[Outcome] = "failure"

    reason: str
    """Stable word: `code_replayed` or `refresh_token_reused`."""
    details: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserCreated(Event):
    """An account came into being."""

    source: str = "administrator"
    """`administrator`, `registration`, `federation`, `initial_setup` …"""
    username: Personal = None
    email: Personal = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserUpdated(Event):
    """The profile changed; the values themselves are not kept."""

    changed: tuple[str, ...]
    """Names of the changed fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserDisabled(Event):
    """The account was closed; sessions, grants and tokens end with it."""

    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserEnabled(Event):
    """The account was opened again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserDeleted(Event):
    """The account was closed for good; sessions, grants and tokens end with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserPasswordChanged(Event):
    """The person replaced the password, knowing the old one."""

    first: bool = False
    """Whether a one-time password was replaced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordReset(Event):
    """The password was replaced without the old one; every session and grant ended."""

    source: str = "administrator"
    """`administrator` or `recovery`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordRehashed(Event):
    """The stored hash was upgraded to the current parameters at sign-in."""

    from_scheme: str
