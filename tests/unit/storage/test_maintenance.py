"""What is over is swept, what still matters is not, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import time_machine
from sqlalchemy import func, insert, select

from authserver.protocol import validity
from authserver.protocol.identifiers import new_id
from authserver.storage import Database, Unit, maintenance
from authserver.storage.columns import Base
from authserver.storage.frozen import frozen
from authserver.storage.maintenance import DAY, HOUR, JOBS
from authserver.storage.models.clients import ClientRecord, InitialAccessToken
from authserver.storage.models.decoupled import BackchannelRequest, DeviceRequest
from authserver.storage.models.grants import AccessToken, AuthorizationCode, Grant, RefreshToken
from authserver.storage.models.sessions import Browser, Interaction, Session
from authserver.storage.models.state import EphemeralHit, EphemeralValue, Refusal
from authserver.storage.models.users import User
from authserver.storage.snapshots import CLIENTS, watch

STRANGERS = 10_750
"""More than one run of a sweep deals with."""

pytestmark = pytest.mark.usefixtures("frozen_time")


@pytest.fixture
def database(database: Database) -> Database:
    """A database with one person and one client."""
    with database.unit() as unit:
        unit.clients.add(ClientRecord(id="shop", name="Shop"))
        unit.users.add(User(id="ada", username="ada", username_key="ada"))
    return database


def _digest() -> bytes:
    return new_id().encode()


def _grant(unit: Unit, **values: Any) -> Grant:
    return unit.grants.add(Grant(client_id="shop", user_id="ada", **values))


def _session(unit: Unit, expires_at: datetime, **values: Any) -> Session:
    return unit.sessions.add(
        Session(user_id="ada", auth_time=validity.now(), idle_ttl=7 * DAY, expires_at=expires_at, **values)
    )


def _browser(unit: Unit, expires_at: datetime, **values: Any) -> Browser:
    return unit.browsers.add(Browser(sso_digest=_digest(), page_digest=_digest(), expires_at=expires_at, **values))


def _refresh(unit: Unit, grant: Grant, end: datetime, **values: Any) -> RefreshToken:
    token = RefreshToken(
        **{
            "digest": _digest(),
            "family_id": grant.id,
            "grant_id": grant.id,
            "client_id": "shop",
            "issued_at": validity.now(),
            "expires_at": end,
            "family_expires_at": validity.after(90 * DAY),
            **values,
        }
    )
    return unit.refresh_tokens.add(token)


def _count(database: Database, kind: type[Base]) -> int:
    with database.reading() as unit:
        return unit.session.scalar(select(func.count()).select_from(kind)) or 0


def _code(unit: Unit, end: datetime) -> None:
    grant = _grant(unit)
    values = {"client_id": "shop", "redirect_uri": "https://shop.example/cb", "grant_id": grant.id}
    unit.codes.add(AuthorizationCode(digest=_digest(), expires_at=end, **values))


def _decoupled(end: datetime, **values: Any) -> dict[str, Any]:
    common = {"digest": _digest(), "client_id": "shop", "scope": "", "resources": [], "interval": 5}
    return common | {"expires_at": end} | values


def _device_request(unit: Unit, end: datetime) -> None:
    unit.device_requests.add(frozen(DeviceRequest).new(**_decoupled(end, user_code=new_id())))


def _backchannel_request(unit: Unit, end: datetime) -> None:
    unit.backchannel_requests.add(frozen(BackchannelRequest).new(**_decoupled(end, user_id="ada")))


def _interaction(unit: Unit, end: datetime) -> None:
    browser = _browser(unit, validity.after(DAY))
    unit.interactions.add(Interaction(digest=_digest(), browser_id=browser.id, expires_at=end))


def _access_token(unit: Unit, end: datetime) -> None:
    unit.access_tokens.add(AccessToken(digest=_digest(), jti=new_id(), client_id="shop", expires_at=end))


def _refusal(unit: Unit, end: datetime) -> None:
    unit.refusals.add(Refusal(reference=new_id()[:32], error="invalid_request", expires_at=end))


def _value(unit: Unit, end: datetime) -> None:
    unit.session.add(EphemeralValue(key=new_id(), value=b"", expires_at=end))


def _hit(unit: Unit, end: datetime) -> None:
    unit.session.add(EphemeralHit(key=new_id(), at=0.0, expires_at=end))


@pytest.mark.parametrize(
    ("name", "kind", "make", "kept"),
    [
        ("codes", AuthorizationCode, _code, maintenance.CODES_KEPT),
        ("interactions", Interaction, _interaction, maintenance.INTERACTIONS_KEPT),
        ("decoupled_requests", DeviceRequest, _device_request, maintenance.DECOUPLED_KEPT),
        ("decoupled_requests", BackchannelRequest, _backchannel_request, maintenance.DECOUPLED_KEPT),
        ("access_tokens", AccessToken, _access_token, maintenance.ACCESS_TOKENS_KEPT),
        ("refusals", Refusal, _refusal, 0),
        ("ephemeral", EphemeralValue, _value, 0),
        ("ephemeral", EphemeralHit, _hit, 0),
    ],
)
def test_rows_are_swept_when_their_time_is_over_and_no_sooner(
    database: Database, name: str, kind: type[Base], make: Callable[[Unit, datetime], None], kept: int
) -> None:
    with database.unit() as unit:
        make(unit, validity.after(-kept))
        make(unit, validity.after(-kept + 1))
    assert _run(name, database) == 1
    assert _count(database, kind) == 1


def test_revocations_outlive_the_token_they_revoke(database: Database, frozen_time: time_machine.Traveller) -> None:
    with database.unit() as unit:
        unit.revoked_tokens.add("jti", validity.after(60))
    frozen_time.shift(120)
    assert _run("revoked_tokens", database) == 0
    frozen_time.shift(HOUR)
    assert _run("revoked_tokens", database) == 1


def test_rotated_tokens_stay_as_long_as_their_family_lives(database: Database) -> None:
    with database.unit() as unit:
        grant = _grant(unit)
        _refresh(unit, grant, validity.after(-30 * DAY), consumed_at=validity.now())
        _refresh(unit, grant, validity.after(DAY))
    assert _run("refresh_tokens", database) == 0


@pytest.mark.parametrize("end", ["unused", "family", "revoked"])
def test_a_family_is_swept_a_week_after_its_end(
    database: Database, end: str, frozen_time: time_machine.Traveller
) -> None:
    with database.unit() as unit:
        grant = _grant(unit)
        _refresh(unit, grant, validity.after(-DAY), consumed_at=validity.now())
        values = {
            "unused": {"end": validity.now()},
            "family": {"end": validity.now(), "family_expires_at": validity.now()},
            "revoked": {"end": validity.now(), "revoked_at": validity.now()},
        }[end]
        _refresh(unit, grant, **values)
    frozen_time.shift(7 * DAY - 1)
    assert _run("refresh_tokens", database) == 0
    frozen_time.shift(1)
    assert _run("refresh_tokens", database) == 2


def test_sealed_successors_are_erased_after_the_grace(database: Database) -> None:
    with database.unit() as unit:
        grant = _grant(unit)
        for moment in (validity.now(), validity.after(1)):
            _refresh(unit, grant, validity.after(DAY), successor_sealed=b"sealed", grace_until=moment)
    assert _run("sealed_successors", database) == 1
    with database.reading() as unit:
        sealed = unit.session.scalars(select(RefreshToken.successor_sealed)).all()
    assert set(sealed) == {b"sealed", None}


def test_sessions_are_swept_a_month_after_their_end(database: Database) -> None:
    with database.unit() as unit:
        _session(unit, validity.after(DAY), ended_at=validity.after(-30 * DAY))
        _session(unit, validity.after(-30 * DAY))
        _session(unit, validity.after(-29 * DAY))
        _session(unit, validity.after(DAY))
    assert _run("sessions", database) == 2


def test_grants_that_needed_their_session_end_before_it_is_swept(database: Database) -> None:
    with database.unit() as unit:
        session = _session(unit, validity.after(-31 * DAY))
        needed = _grant(unit, session_id=session.id).id
        offline = _grant(unit, session_id=session.id, offline=True).id
    assert _run("sessions", database) == 1
    with database.reading() as unit:
        one, other = unit.grants.find(needed), unit.grants.find(offline)
    assert one is not None
    assert other is not None
    assert (one.revoke_reason, one.session_id) == ("session_expired", None)
    assert (other.revoked_at, other.session_id) == (None, None)


def test_browsers_without_sessions_are_swept(database: Database) -> None:
    with database.unit() as unit:
        _browser(unit, validity.after(-1))
        _browser(unit, validity.after(DAY), last_seen_at=validity.after(-2 * HOUR))
        _browser(unit, validity.after(DAY), last_seen_at=validity.after(-2 * HOUR + 1))
        _browser(unit, validity.after(DAY))
        _session(unit, validity.after(DAY), browser_id=_browser(unit, validity.after(-1)).id)
        busy = _browser(unit, validity.after(-1))
        unit.interactions.add(Interaction(digest=b"i", browser_id=busy.id, expires_at=validity.after(DAY)))
    assert _run("browsers", database) == 2
    assert _count(database, Interaction) == 1


def test_grants_are_swept_when_nothing_hangs_on_them(database: Database) -> None:
    old = validity.after(-31 * DAY)
    with database.unit() as unit:
        _grant(unit, created_at=old)
        _grant(unit, created_at=old, revoked_at=old)
        _grant(unit, created_at=old, revoked_at=validity.now())
        _refresh(unit, _grant(unit, created_at=old), validity.after(DAY))
        _grant(unit)
    assert _run("grants", database) == 2


def test_clients_of_strangers_go_unless_somebody_granted_them_something(database: Database) -> None:
    old = validity.after(-DAY)
    with database.unit() as unit:
        for name, since in (("old", old), ("used", old), ("new", validity.after(1 - DAY)), ("operated", None)):
            unit.clients.add(ClientRecord(id=name, name=name, unused_since=since))
        unit.grants.add(Grant(client_id="used", user_id="ada"))
        before = unit.session.scalar(select(func.count()).select_from(ClientRecord))
    assert _run("unused_clients", database) == 1
    assert _run("used_clients", database) == 1
    with database.unit() as unit:
        assert unit.clients.find("old") is None
        assert unit.clients.get("used").unused_since is None
        assert unit.clients.unused() == 1
        assert unit.session.scalar(select(func.count()).select_from(ClientRecord)) == before - 1


def test_swept_clients_are_unknown_to_every_process(database: Database) -> None:
    with database.unit() as unit:
        unit.clients.add(ClientRecord(id="old", name="Old", unused_since=validity.after(-DAY)))
    known = watch(database)
    before = known.version(CLIENTS)
    _run("unused_clients", database)
    known.expire()
    assert known.version(CLIENTS) == before + 1


def test_initial_access_tokens_go_a_month_after_their_end(database: Database) -> None:
    with database.unit() as unit:
        for end in (-30 * DAY, 1 - 30 * DAY):
            unit.initial_access_tokens.add(
                InitialAccessToken(digest=_digest(), profile="default", expires_at=validity.after(end))
            )
    assert _run("initial_access_tokens", database) == 1


def test_a_sweep_works_in_pieces_and_stops_for_breath(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintenance, "BATCH", 3)
    monkeypatch.setattr(maintenance, "MAX_BATCHES", 2)
    with database.unit() as unit:
        for _ in range(8):
            _value(unit, validity.after(-1))
    assert [_run("ephemeral", database) for _ in range(3)] == [6, 2, 0]


def test_a_flood_of_strangers_is_swept_whole_in_bounded_pieces(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces: list[int] = []
    run = maintenance._run

    def watched(*arguments: Any) -> int:
        pieces.append(run(*arguments))
        return pieces[-1]

    monkeypatch.setattr(maintenance, "_run", watched)
    moment = validity.after(-3 * HOUR)
    times = {"expires_at": moment, "created_at": moment, "last_seen_at": moment}
    browsers = [{"id": new_id(), "sso_digest": _digest(), "page_digest": _digest(), **times} for _ in range(STRANGERS)]
    with database.unit() as unit:
        unit.session.execute(insert(Browser), browsers)
        rows = [{"id": new_id(), "digest": _digest(), "browser_id": row["id"], **times} for row in browsers]
        unit.session.execute(insert(Interaction), rows)
    for name, kind in (("interactions", Interaction), ("browsers", Browser)):
        assert [_run(name, database) for _ in range(3)] == [10_000, STRANGERS - 10_000, 0]
        assert _count(database, kind) == 0
    assert max(pieces) == maintenance.BATCH


def test_every_job_runs_on_an_empty_database(database: Database) -> None:
    assert [job.run(database) for job in JOBS] == [0] * len(JOBS)
    assert len({job.name for job in JOBS}) == len(JOBS)


def _run(name: str, database: Database) -> int:
    (job,) = [job for job in JOBS if job.name == name]
    return job.run(database)
