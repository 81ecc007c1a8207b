"""Whether a token is live. The one answer for every endpoint: token, introspection, UserInfo, guards.

What follows from a token's bytes may be cached; this is read from the database
every time, so that a revocation counts at once.
"""

from __future__ import annotations

from authserver.protocol import validity
from authserver.storage.repositories.liveness import Standing


def why_dead(
    standing: Standing | None, *, grant_id: str | None, in_session: bool, issued_at: int | None = None
) -> str | None:
    """The stable word for why a token is dead, or None when it lives.

    Args:
        standing: what the database says; None when the client is gone.
        grant_id: the grant the token names, or None for a client's own token.
        in_session: whether the token says that it was issued within a session.
        issued_at: seconds since 1970, of a token that has no row: rows go with their client, and a deleted
            client's id may be given again.
    """
    if standing is None:
        return "client_unknown"
    if not standing.client_enabled:
        return "client_disabled"
    if issued_at is not None and issued_at < validity.epoch(standing.client_created_at):
        return "client_replaced"
    if standing.revoked_jti is not None:
        return "token_revoked"
    if grant_id is None:
        return None
    return why_grant_dead(standing) or _why_user_dead(standing) or _why_session_dead(standing, in_session=in_session)


def why_grant_dead(standing: Standing) -> str | None:
    """Whether the grant is gone or revoked."""
    if standing.grant_id is None:
        return "grant_unknown"
    return "grant_revoked" if standing.grant_revoked_at is not None else None


def _why_user_dead(standing: Standing) -> str | None:
    if standing.user_id is None:
        return None
    if standing.found_user_id is None or standing.deleted_at is not None:
        return "user_deleted"
    return None if standing.is_active and standing.status == "active" else "user_disabled"


def _why_session_dead(standing: Standing, *, in_session: bool) -> str | None:
    """A session's end ends what was issued in it; its mere expiry ends no offline grant."""
    if standing.user_id is None or (standing.session_id is None and standing.offline):
        return None
    if in_session and standing.session_ended_at is not None:
        return "session_ended"
    if standing.offline:
        return None
    if standing.found_session_id is None or standing.session_ended_at is not None:
        return "session_ended"
    return "session_expired" if _has_expired(standing) else None


def _has_expired(standing: Standing) -> bool:
    if standing.session_expires_at is None or standing.session_last_seen_at is None:
        return True
    idle_end = validity.after(standing.session_idle_ttl or 0, standing.session_last_seen_at)
    return validity.is_past(standing.session_expires_at) or validity.is_past(idle_end)


def session_is_open(standing: Standing) -> bool:
    """Whether tokens issued now still belong to the session."""
    return standing.found_session_id is not None and standing.session_ended_at is None and not _has_expired(standing)
