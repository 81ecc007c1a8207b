"""Sweeps: rows that nobody will ask for again are deleted, in small pieces, so that no table only grows.

Each piece is a transaction of its own and of bounded size: on SQLite it holds
the one write lock for a moment only, on PostgreSQL it passes over rows that
another worker has in hand. Running a sweep twice, or in two places, is safe.

What still explains or prevents something is kept a while after its end: a used
code and a rotated refresh token are how a replay is noticed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, cast

from sqlalchemy import ColumnElement, Delete, Update, and_, delete, exists, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, aliased

from authserver.protocol import validity
from authserver.storage.columns import Base
from authserver.storage.database import Database
from authserver.storage.models.clients import ClientRecord, InitialAccessToken
from authserver.storage.models.decoupled import BackchannelRequest, DeviceRequest
from authserver.storage.models.grants import (
    AccessToken,
    AuthorizationCode,
    Grant,
    PushedRequest,
    RefreshToken,
    RevokedToken,
)
from authserver.storage.models.logout import LogoutDelivery
from authserver.storage.models.sessions import Browser, Interaction, Session
from authserver.storage.models.state import EphemeralHit, EphemeralValue, Refusal
from authserver.storage.snapshots import CLIENTS
from authserver.storage.unit import Unit

BATCH: Final = 500
"""Rows of one transaction."""
MAX_BATCHES: Final = 20
"""Transactions of one run; the next run goes on where this one stopped."""

MINUTE, HOUR, DAY = 60, 3600, 86400
CODES_KEPT: Final = DAY
DECOUPLED_KEPT: Final = HOUR
"""So that a client that polls late is told that it was too late."""
INTERACTIONS_KEPT: Final = HOUR
"""So that a late visitor is told that the login took too long, not that it never was."""
REFRESH_TOKENS_KEPT: Final = 7 * DAY
ACCESS_TOKENS_KEPT: Final = HOUR
"""Longer than any clock is allowed to be slow."""
SESSIONS_KEPT: Final = 30 * DAY
GRANTS_KEPT: Final = 30 * DAY
FAILED_LOGOUTS_KEPT: Final = 30 * DAY
"""How long a client that could not be told of a logout stays for the operator to see."""
UNUSED_CLIENTS_KEPT: Final = DAY
"""A person who registers an application signs in with it at once."""
INITIAL_ACCESS_TOKENS_KEPT: Final = 30 * DAY
IDLE_BROWSERS_KEPT: Final = 2 * HOUR
"""Nobody was ever signed in in them: whoever comes back is a new browser, and anybody can make a hundred a minute."""


@dataclass(frozen=True, slots=True)
class PeriodicJob:
    """Work that is due every `interval_seconds`; `run` tells how many rows it dealt with."""

    name: str
    interval_seconds: float
    run: Callable[[Database], int]


def sweep_codes(database: Database) -> int:
    """Authorization codes, a day after their end: until then a second use revokes what the first one got."""
    return _delete(database, AuthorizationCode.digest, lambda: AuthorizationCode.expires_at <= _ago(CODES_KEPT))


def sweep_decoupled_requests(database: Database) -> int:
    """Requests of devices and of clients in the background, an hour after their end."""
    of_devices = _delete(database, DeviceRequest.id, lambda: DeviceRequest.expires_at <= _ago(DECOUPLED_KEPT))
    return of_devices + _delete(
        database, BackchannelRequest.id, lambda: BackchannelRequest.expires_at <= _ago(DECOUPLED_KEPT)
    )


def sweep_pushed_requests(database: Database) -> int:
    """Pushed requests that can no longer be used; the interaction that began with one may still use it up."""
    return _delete(database, PushedRequest.digest, lambda: PushedRequest.expires_at <= _ago(CODES_KEPT))


def sweep_interactions(database: Database) -> int:
    """Interactions that nobody finished, and those that were finished."""
    return _delete(database, Interaction.id, lambda: Interaction.expires_at <= _ago(INTERACTIONS_KEPT))


def sweep_refresh_tokens(database: Database) -> int:
    """Refresh tokens a week after the end of their family; in a living family used ones tell of replays."""
    relative = aliased(RefreshToken)

    def is_over() -> ColumnElement[bool]:
        cut = _ago(REFRESH_TOKENS_KEPT)
        lives = (
            (relative.grant_id == RefreshToken.grant_id)
            & (relative.expires_at > cut)
            & (relative.family_expires_at > cut)
            & (relative.revoked_at.is_(None) | (relative.revoked_at > cut))
        )
        return and_(RefreshToken.expires_at <= cut, ~exists().where(lives))

    return _delete(database, RefreshToken.id, is_over)


def erase_sealed_successors(database: Database) -> int:
    """The sealed copies of successors whose grace is over."""

    def erase() -> Update:
        is_over = RefreshToken.successor_sealed.is_not(None) & (RefreshToken.grace_until <= validity.now())
        return (
            update(RefreshToken)
            .where(RefreshToken.id.in_(_some(RefreshToken.id, is_over)))
            .values(successor_sealed=None)
        )

    return _in_pieces(database, lambda unit: _run(unit, erase()))


def sweep_access_tokens(database: Database) -> int:
    """Opaque access tokens."""
    return _delete(database, AccessToken.digest, lambda: AccessToken.expires_at <= _ago(ACCESS_TOKENS_KEPT))


def sweep_revoked_tokens(database: Database) -> int:
    """Revocations of self-contained tokens that have expired meanwhile."""
    return _delete(database, RevokedToken.jti, lambda: RevokedToken.expires_at <= _ago(ACCESS_TOKENS_KEPT))


def sweep_ephemeral(database: Database) -> int:
    """Short-lived values, counters and hits."""
    values = _delete(database, EphemeralValue.key, lambda: EphemeralValue.expires_at <= validity.now())
    return values + _delete(database, EphemeralHit.id, lambda: EphemeralHit.expires_at <= validity.now())


def sweep_refusals(database: Database) -> int:
    """Explanations behind references."""
    return _delete(database, Refusal.reference, lambda: Refusal.expires_at <= validity.now())


def sweep_sessions(database: Database) -> int:
    """Sessions a month after their end.

    Their grants without offline access end with them first: a grant whose
    session is merely gone must not look like one that never needed a session.
    """

    def piece(unit: Unit) -> int:
        cut = _ago(SESSIONS_KEPT)
        over = unit.session.scalars(_some(Session.id, (Session.ended_at <= cut) | (Session.expires_at <= cut))).all()
        if not over:
            return 0
        orphans = (Grant.session_id.in_(over)) & Grant.offline.is_(False) & Grant.revoked_at.is_(None)
        _run(unit, update(Grant).where(orphans).values(revoked_at=validity.now(), revoke_reason="session_expired"))
        return _run(unit, delete(Session).where(Session.id.in_(over)))

    return _in_pieces(database, piece)


def sweep_browsers(database: Database) -> int:
    """Browsers in which nobody is signed in and nothing is under way, two hours after they were last seen."""

    def is_over() -> ColumnElement[bool]:
        in_use = exists().where(Session.browser_id == Browser.id) | exists().where(Interaction.browser_id == Browser.id)
        is_stale = (Browser.expires_at <= validity.now()) | (Browser.last_seen_at <= _ago(IDLE_BROWSERS_KEPT))
        return and_(is_stale, ~in_use)

    return _delete(database, Browser.id, is_over)


def sweep_grants(database: Database) -> int:
    """Grants on which no code and no token hangs any more.

    Self-contained access tokens have no row, so a grant is kept for longer than
    any of them lives, counted from its revocation where it was revoked.
    """

    def is_over() -> ColumnElement[bool]:
        cut = _ago(GRANTS_KEPT)
        hangs = [exists().where(kind.grant_id == Grant.id) for kind in (AuthorizationCode, RefreshToken, AccessToken)]
        is_old = (Grant.created_at <= cut) & (Grant.revoked_at.is_(None) | (Grant.revoked_at <= cut))
        return and_(is_old, ~or_(*hangs))

    return _delete(database, Grant.id, is_over)


def sweep_logout_deliveries(database: Database) -> int:
    """Clients that could not be told of a logout, a month after that was given up."""
    return _delete(database, LogoutDelivery.id, lambda: LogoutDelivery.failed_at <= _ago(FAILED_LOGOUTS_KEPT))


def mark_used_clients(database: Database) -> int:
    """Clients that registered themselves and were granted something since: they stay, whatever becomes of it."""

    def mark() -> Update:
        is_used = ClientRecord.unused_since.is_not(None) & exists().where(Grant.client_id == ClientRecord.id)
        some = ClientRecord.id.in_(_some(ClientRecord.id, is_used))
        return update(ClientRecord).where(some).values(unused_since=None)

    return _in_pieces(database, lambda unit: _run(unit, mark()))


def sweep_unused_clients(database: Database) -> int:
    """Clients that registered themselves without a token and that nobody has ever granted anything."""

    def piece(unit: Unit) -> int:
        is_used = exists().where(Grant.client_id == ClientRecord.id)
        is_over = and_(ClientRecord.unused_since <= _ago(UNUSED_CLIENTS_KEPT), ~is_used)
        gone = _run(unit, delete(ClientRecord).where(ClientRecord.id.in_(_some(ClientRecord.id, is_over))))
        if gone:
            unit.versions.bump(CLIENTS)
        return gone

    return _in_pieces(database, piece)


def sweep_initial_access_tokens(database: Database) -> int:
    """Initial access tokens a month after their end, so that a list still tells of the late ones."""
    cut = InitialAccessToken.expires_at
    return _delete(database, InitialAccessToken.id, lambda: cut <= _ago(INITIAL_ACCESS_TOKENS_KEPT))


JOBS: Final = [
    PeriodicJob("sealed_successors", 5 * MINUTE, erase_sealed_successors),
    PeriodicJob("ephemeral", 5 * MINUTE, sweep_ephemeral),
    PeriodicJob("codes", 10 * MINUTE, sweep_codes),
    PeriodicJob("decoupled_requests", 10 * MINUTE, sweep_decoupled_requests),
    PeriodicJob("pushed_requests", 10 * MINUTE, sweep_pushed_requests),
    PeriodicJob("interactions", 10 * MINUTE, sweep_interactions),
    PeriodicJob("access_tokens", 10 * MINUTE, sweep_access_tokens),
    PeriodicJob("revoked_tokens", HOUR, sweep_revoked_tokens),
    PeriodicJob("refusals", HOUR, sweep_refusals),
    PeriodicJob("used_clients", HOUR, mark_used_clients),
    PeriodicJob("unused_clients", HOUR, sweep_unused_clients),
    PeriodicJob("initial_access_tokens", HOUR, sweep_initial_access_tokens),
    PeriodicJob("refresh_tokens", HOUR, sweep_refresh_tokens),
    PeriodicJob("sessions", HOUR, sweep_sessions),
    PeriodicJob("browsers", HOUR, sweep_browsers),
    PeriodicJob("grants", 6 * HOUR, sweep_grants),
    PeriodicJob("logout_deliveries", 6 * HOUR, sweep_logout_deliveries),
]
"""What the worker does besides events, by name."""


def _ago(seconds: float) -> Any:
    return validity.after(-seconds)


def _delete(database: Database, key: InstrumentedAttribute[Any], is_over: Callable[[], ColumnElement[bool]]) -> int:
    """Delete rows for which `is_over`, found by their primary key `key`."""
    table = cast("type[Base]", key.class_)
    return _in_pieces(database, lambda unit: _run(unit, delete(table).where(key.in_(_some(key, is_over())))))


def _some(key: InstrumentedAttribute[Any], is_over: ColumnElement[bool]) -> Any:
    return select(key).where(is_over).limit(BATCH).with_for_update(skip_locked=True, of=key.class_)


def _run(unit: Unit, statement: Delete | Update) -> int:
    result: Any = unit.session.execute(statement, execution_options={"synchronize_session": False})
    return int(result.rowcount)


def _in_pieces(database: Database, piece: Callable[[Unit], int]) -> int:
    def work() -> int:
        with database.unit() as unit:
            return piece(unit)

    total = 0
    for _ in range(MAX_BATCHES):
        done = database.retrying(work)
        total += done
        if done < BATCH:
            break
    return total
