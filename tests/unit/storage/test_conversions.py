"""Values that go past SQLAlchemy's types mean the same when they come through them, and the other way round."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import bindparam

from authserver.storage import Database
from authserver.storage.compiled import CompiledFind
from authserver.storage.models.clients import ClientRecord
from authserver.storage.models.grants import Grant

FIND = CompiledFind(Grant, Grant.id == bindparam("wanted"))
MOMENTS = (
    datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC),
    datetime(2026, 3, 2, 12, 0, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(2026, 3, 2, 1, 30, tzinfo=timezone(timedelta(hours=5, minutes=30))),
)
DOCUMENTS: tuple[Any, ...] = (["ä", "\u2028", "'"], [], [{"deep": [1, 2.5, None, True, "x"]}])


@pytest.fixture
def known(database: Database) -> Database:
    with database.unit() as unit:
        unit.clients.add(ClientRecord(id="app", name="App"))
    return database


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_one_door_wrote_the_other_reads(known: Database, moment: datetime, document: Any) -> None:
    values = {"client_id": "app", "auth_time": moment, "resources": document, "claims": {"a": document}}
    with known.unit() as unit:
        unit.session.add(Grant(id="mapped", **values))
        unit.grants.add(Grant(id="compiled", **values))
    with known.reading() as unit:
        for name in ("mapped", "compiled"):
            mapped, compiled = unit.session.get_one(Grant, name), FIND.first(unit.transaction, wanted=name)
            assert compiled is not None
            assert compiled.auth_time == mapped.auth_time == moment
            assert compiled.auth_time is not None
            assert compiled.auth_time.tzinfo is UTC
            assert compiled.resources == mapped.resources == document
            assert compiled.claims == mapped.claims == {"a": document}
            assert (compiled.offline, compiled.cnf) == (False, None)


def test_moments_sort_in_the_database_as_they_do_outside(known: Database) -> None:
    with known.unit() as unit:
        for index, moment in enumerate(MOMENTS):
            unit.grants.add(Grant(id=str(index), client_id="app", auth_time=moment))
    with known.reading() as unit:
        rows = unit.session.query(Grant.auth_time).order_by(Grant.auth_time).all()
    assert [row[0] for row in rows] == sorted(MOMENTS)


def test_moment_without_a_time_zone_is_refused(known: Database) -> None:
    with pytest.raises(ValueError, match="time zone"), known.unit() as unit:
        unit.grants.add(Grant(client_id="app", auth_time=datetime(2026, 3, 2)))
