"""Processes die while they issue tokens, restart, and work beside each other: all or nothing, and at once."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from authserver import app
from authserver.crypto.handles import Kind
from authserver.settings import Settings
from authserver.storage.models.grants import RefreshToken
from tests.installation import Answer, Installation, install
from tests.integration.issuing_process import POINTS
from tests.outbox import recorded
from tests.relying_party import RelyingParty

OFFLINE = "openid offline_access"
ROOT = Path(__file__).parents[2]
COMMITTED = [point for point, (*_, committed) in POINTS.items() if committed]
LOST = [point for point, (*_, committed) in POINTS.items() if not committed]


@pytest.fixture
def server(migrated_url: str, make_settings: Callable[..., Settings]) -> Iterator[Installation]:
    installed = install(make_settings(database_url=migrated_url), ("RS256",))
    installed.add_user()
    yield installed
    installed.services.close()


@pytest.fixture
def party(server: Installation) -> RelyingParty:
    return RelyingParty(server, *server.add_client(policy={"refresh_grace": 120}))


@pytest.fixture
def neighbour(server: Installation) -> Iterator[Installation]:
    """Another instance on the same database, with caches of its own."""
    installed = Installation(app.mount(server.settings), users=server.users)
    yield installed
    installed.services.close()


def die(server: Installation, party: RelyingParty, tmp_path: Path, point: str, **form: Any) -> None:
    """Send a token request to a process that kills itself at `point`."""
    sent: dict[str, Any] = {}
    probe = RelyingParty(Recorder(sent), party.client_id, party.secret, verifier=party.verifier)  # type: ignore[arg-type]
    probe.token_request(**form)
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.issuing_process", server.settings.database_url, tmp_path, point],
        input=json.dumps(sent),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, (done.returncode, done.stdout, done.stderr)


class Recorder:
    """Stands where the server is, and keeps the request that would be sent."""

    def __init__(self, sent: dict[str, Any]) -> None:
        self.sent = sent

    def post(self, url: str, form: Any, headers: dict[str, str]) -> Answer:
        self.sent |= {"form": form, "headers": headers}
        return Answer(200, (), b"{}")


def refresh_tokens(server: Installation) -> list[RefreshToken]:
    with server.reading() as unit:
        return list(unit.session.scalars(select(RefreshToken).order_by(RefreshToken.issued_at)))


def redeeming(party: RelyingParty, code: str) -> dict[str, str]:
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": party.redirect_uri,
        "code_verifier": party.verifier,
    }


@pytest.mark.parametrize("point", [point for point in LOST if "using" not in point])
def test_death_before_the_commit_leaves_the_code_as_it_was(
    server: Installation, party: RelyingParty, tmp_path: Path, point: str
) -> None:
    code = party.code(scope=OFFLINE)
    die(server, party, tmp_path, point, **redeeming(party, code))
    assert refresh_tokens(server) == []
    assert recorded(server, "TokensIssued") == []
    assert party.redeem(code).status == 200


@pytest.mark.parametrize("point", COMMITTED)
def test_death_after_the_commit_leaves_the_code_used_and_told(
    server: Installation, party: RelyingParty, tmp_path: Path, point: str
) -> None:
    code = party.code(scope=OFFLINE)
    die(server, party, tmp_path, point, **redeeming(party, code))
    assert len(refresh_tokens(server)) == 1
    assert len(recorded(server, "TokensIssued")) == 1
    assert server.why(party.redeem(code)) == "code_replayed"


@pytest.mark.parametrize("point", [point for point in LOST if "code" not in point])
def test_death_before_the_commit_leaves_the_refresh_token_as_it_was(
    server: Installation, party: RelyingParty, tmp_path: Path, point: str
) -> None:
    token = party.tokens(scope=OFFLINE)["refresh_token"]
    die(server, party, tmp_path, point, grant_type="refresh_token", refresh_token=token)
    assert [row.consumed_at for row in refresh_tokens(server)] == [None]
    assert recorded(server, "TokenRefreshed") == []
    assert party.refresh(token).status == 200


@pytest.mark.parametrize("point", COMMITTED)
def test_after_a_lost_answer_a_retry_gets_the_same_successor(
    server: Installation, party: RelyingParty, tmp_path: Path, point: str
) -> None:
    token = party.tokens(scope=OFFLINE)["refresh_token"]
    die(server, party, tmp_path, point, grant_type="refresh_token", refresh_token=token)
    successor = refresh_tokens(server)[1]
    again = party.refresh(token).json["refresh_token"]
    assert server.services.handles.digest(Kind.REFRESH_TOKEN, again) == successor.digest
    assert len(refresh_tokens(server)) == 2
    assert party.refresh(again).status == 200


def test_tokens_from_before_a_restart_are_good_after_it(server: Installation, party: RelyingParty) -> None:
    tokens = party.tokens(scope=OFFLINE)
    before = server.get("/.well-known/jwks.json").json
    server.services.close()
    server.mounted = app.mount(server.settings)
    assert server.get("/.well-known/jwks.json").json == before
    assert party.introspect(tokens["access_token"])["active"] is True
    assert party.userinfo(tokens["access_token"]).status == 200
    assert party.refresh(tokens["refresh_token"]).status == 200


def disable_user(server: Installation, _party: RelyingParty, _tokens: dict[str, Any]) -> None:
    with server.unit() as unit:
        unit.users.get(server.users["alice"].id).is_active = False


def disable_client(server: Installation, _party: RelyingParty, _tokens: dict[str, Any]) -> None:
    server.registration.disable("app")


def delete_client(server: Installation, _party: RelyingParty, _tokens: dict[str, Any]) -> None:
    server.registration.delete("app")


def revoke_grant(server: Installation, _party: RelyingParty, _tokens: dict[str, Any]) -> None:
    with server.unit() as unit:
        unit.grants.revoke_of_user(server.users["alice"].id, "consent_revoked")


def sign_out(server: Installation, _party: RelyingParty, _tokens: dict[str, Any]) -> None:
    with server.unit() as unit:
        [session] = unit.sessions.of_user(server.users["alice"].id)
        server.services.sessions.sign_out(unit, session)


def revoke_token(_server: Installation, party: RelyingParty, tokens: dict[str, Any]) -> None:
    assert party.ask("revoke", tokens["access_token"]).status == 200


@pytest.mark.parametrize("token_format", ["jwt", "opaque"])
@pytest.mark.parametrize(
    "end",
    [disable_user, disable_client, delete_client, revoke_grant, sign_out, revoke_token],
    ids=lambda end: end.__name__,
)
def test_what_ends_in_one_process_is_dead_in_another_at_once(
    server: Installation, neighbour: Installation, end: Callable[..., None], token_format: str
) -> None:
    gateway = server.add_client("gateway", redirect_uris=(), grant_types=("client_credentials",), scopes=frozenset())
    api = server.add_resource(scopes=("read",), introspected_by=("gateway",), token_format=token_format)
    party = RelyingParty(server, *server.add_client(scopes=frozenset({"openid", "read"}), resources=(api,)))
    tokens = party.tokens(scope="openid read", resource=api)
    asking = RelyingParty(neighbour, *gateway)
    assert asking.introspect(tokens["access_token"])["active"] is True
    end(server, party, tokens)
    assert asking.introspect(tokens["access_token"]) == {"active": False}
    answer = RelyingParty(neighbour).userinfo(tokens["access_token"])
    assert answer.status == 401


@pytest.mark.postgresql
@pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)
def test_connections_that_broke_are_replaced(server: Installation, party: RelyingParty) -> None:
    tokens = party.tokens(scope=OFFLINE)
    with server.services.database.engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid()"
            )
        )
    assert party.introspect(tokens["access_token"])["active"] is True
    assert party.refresh(tokens["refresh_token"]).status == 200


@pytest.mark.postgresql
@pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)
def test_a_pool_that_is_used_up_answers_503_and_recovers(
    migrated_url: str, make_settings: Callable[..., Settings]
) -> None:
    settings = make_settings(
        database_url=migrated_url, database_pool_size=3, workers=1, database_pool_timeout=0.2, rate_limits=False
    )
    server = install(settings, ("RS256",))
    server.add_user()
    party = RelyingParty(server, *server.add_client())
    token = party.tokens(scope=OFFLINE)["refresh_token"]
    held = [server.services.database.engine.connect() for _ in range(2)]
    answer = party.refresh(token)
    assert (answer.status, answer.json["error"], answer.header("Retry-After")) == (503, "temporarily_unavailable", "1")
    for connection in held:
        connection.close()
    assert party.refresh(token).status == 200
    server.services.close()
