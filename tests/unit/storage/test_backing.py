"""A credential with what stands behind it: the same answers as the reads one by one."""

from __future__ import annotations

import pytest

from authserver.storage.unit import Unit
from tests.installation import Installation
from tests.relying_party import Browser, RelyingParty


@pytest.fixture
def digest(server: Installation, relying_party: RelyingParty) -> bytes:
    """Of a refresh token whose grant belongs to a session."""
    response = relying_party.sign_in(Browser(server), "alice", scope="openid offline_access")
    relying_party.redeem(response["code"])
    with server.unit() as unit:
        return bytes(unit.session.connection().exec_driver_sql("SELECT digest FROM refresh_token").scalar_one())


def change(unit: Unit, sql: str) -> None:
    unit.session.connection().exec_driver_sql(sql)


def test_everything_is_there(server: Installation, digest: bytes) -> None:
    with server.unit() as unit:
        found = unit.refresh_tokens.presented(digest)
        assert found is not None
        assert found.grant == unit.grants.find(found.row.grant_id)
        assert found.user == unit.users.read(str(found.row.user_id))
        assert found.standing == unit.liveness.read("app", found.row.grant_id, None)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE users SET is_active = FALSE, status = 'suspended'",
        "UPDATE oauth2_clients SET enabled = FALSE",
        "UPDATE grants SET revoked_at = '2026-03-02 12:00:00'",
        "UPDATE sessions SET ended_at = '2026-03-02 12:00:00'",
        "UPDATE grants SET session_id = NULL",
        "UPDATE users SET username = NULL, username_key = NULL",
        "UPDATE users SET email = NULL, email_key = NULL, name = NULL",
    ],
)
def test_standing_is_what_liveness_reads(server: Installation, digest: bytes, sql: str) -> None:
    with server.unit() as unit:
        change(unit, sql)
        found = unit.refresh_tokens.presented(digest)
        assert found is not None
        assert found.standing == unit.liveness.read("app", found.row.grant_id, None)


def test_unknown_digest_finds_nothing(server: Installation) -> None:
    with server.unit() as unit:
        assert unit.refresh_tokens.presented(b"nothing") is None
        assert unit.codes.presented(b"nothing") is None
