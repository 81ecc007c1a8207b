"""Why a token is dead: one table for every endpoint."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from authserver.issuing.liveness import session_is_open, why_dead
from authserver.storage.repositories.liveness import Standing
from tests.conftest import NOON

SECOND = timedelta(seconds=1)
GOOD = Standing(
    client_enabled=True,
    client_created_at=NOON,
    revoked_jti=None,
    grant_id="grant",
    grant_revoked_at=None,
    offline=False,
    user_id="user",
    session_id="session",
    found_user_id="user",
    is_active=True,
    deleted_at=None,
    status="active",
    username="ada",
    email=None,
    found_session_id="session",
    session_ended_at=None,
    session_expires_at=NOON + SECOND,
    session_last_seen_at=NOON,
    session_idle_ttl=60,
)
OFFLINE: dict[str, Any] = {"offline": True}
ENDED = {"session_ended_at": NOON}
EXPIRED = {"session_expires_at": NOON}
IDLE = {"session_last_seen_at": NOON - 60 * SECOND}
GONE = {"found_session_id": None, "session_expires_at": None, "session_last_seen_at": None, "session_idle_ttl": None}
NO_SESSION = GONE | {"session_id": None}


@pytest.fixture(autouse=True)
def _noon(frozen_time: time_machine.Traveller) -> None:
    """It is noon."""


@pytest.mark.parametrize(
    ("changes", "in_session", "reason"),
    [
        ({}, True, None),
        ({}, False, None),
        ({"client_enabled": False}, True, "client_disabled"),
        ({"revoked_jti": "jti"}, True, "token_revoked"),
        ({"grant_id": None}, True, "grant_unknown"),
        ({"grant_revoked_at": NOON}, True, "grant_revoked"),
        ({"found_user_id": None}, True, "user_deleted"),
        ({"deleted_at": NOON}, True, "user_deleted"),
        ({"is_active": False}, True, "user_disabled"),
        ({"status": "locked"}, True, "user_disabled"),
        (ENDED, True, "session_ended"),
        (ENDED, False, "session_ended"),
        (EXPIRED, True, "session_expired"),
        (IDLE, False, "session_expired"),
        (GONE, True, "session_ended"),
        (NO_SESSION, True, "session_ended"),
        (OFFLINE | ENDED, True, "session_ended"),
        (OFFLINE | ENDED, False, None),
        (OFFLINE | EXPIRED, True, None),
        (OFFLINE | IDLE, False, None),
        (OFFLINE | GONE, False, None),
        (OFFLINE | NO_SESSION, True, None),
        (OFFLINE | NO_SESSION | {"grant_revoked_at": NOON}, False, "grant_revoked"),
        ({"user_id": None, "found_user_id": None} | NO_SESSION, False, None),
    ],
)
def test_reasons(changes: dict[str, Any], in_session: bool, reason: str | None) -> None:
    assert why_dead(GOOD._replace(**changes), grant_id="grant", in_session=in_session) == reason


def test_a_client_that_is_gone_has_no_tokens() -> None:
    assert why_dead(None, grant_id=None, in_session=False) == "client_unknown"


def test_a_clients_own_token_hangs_on_the_client_alone() -> None:
    alone = GOOD._replace(grant_id=None, user_id=None, found_user_id=None, **NO_SESSION)
    assert why_dead(alone, grant_id=None, in_session=False) is None


@pytest.mark.parametrize(("age", "reason"), [(1, "client_replaced"), (0, None), (-1, None)])
def test_a_token_older_than_its_client_is_that_of_a_former_one(age: int, reason: str | None) -> None:
    issued_at = int(NOON.timestamp()) - age
    assert why_dead(GOOD, grant_id=None, in_session=False, issued_at=issued_at) == reason


@pytest.mark.parametrize(
    ("changes", "is_open"), [({}, True), (ENDED, False), (EXPIRED, False), (IDLE, False), (GONE, False)]
)
def test_new_tokens_belong_to_a_session_that_is_open(changes: dict[str, Any], is_open: bool) -> None:
    assert session_is_open(GOOD._replace(**changes)) is is_open
