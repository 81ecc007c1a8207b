"""Statements handed to the driver as text: same values, same errors, same transaction as through SQLAlchemy."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError

from authserver.protocol import validity
from authserver.storage import Database
from authserver.storage.compiled import Compiled
from authserver.storage.models.clients import ClientRecord
from authserver.storage.models.grants import Grant, RefreshToken

MOMENT = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)
READ = Compiled(
    select(Grant.id, Grant.resources, Grant.auth_time, Grant.offline).where(Grant.id == bindparam("wanted"))
)


@pytest.fixture
def grant(database: Database) -> Grant:
    with database.unit() as unit:
        unit.clients.add(ClientRecord(id="app", name="App"))
        return unit.grants.add(Grant(client_id="app", resources=["https://api.example"], auth_time=MOMENT))


def test_inserted_row_reads_back_through_the_orm(database: Database, grant: Grant) -> None:
    with database.reading() as unit:
        found = unit.grants.find(grant.id)
    assert found is not None
    assert (found.resources, found.auth_time, found.amr, found.cnf) == (["https://api.example"], MOMENT, [], None)


def test_entity_gets_the_defaults_of_its_table(grant: Grant) -> None:
    assert len(grant.id) == 36
    assert grant.created_at <= validity.now()


def test_compiled_read_gives_documents_moments_and_flags(database: Database, grant: Grant) -> None:
    with database.reading() as unit:
        assert READ.first(unit.transaction, wanted=grant.id) == (grant.id, ["https://api.example"], MOMENT, False)
        assert READ.first(unit.transaction, wanted="nobody") is None


def test_insert_is_part_of_the_units_transaction(database: Database, grant: Grant) -> None:
    def interrupted() -> None:
        with database.unit() as unit:
            unit.grants.add(Grant(id="other", client_id="app"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        interrupted()
    with database.reading() as unit:
        assert unit.grants.find("other") is None


def test_violation_is_the_error_sqlalchemy_would_raise(database: Database, grant: Grant) -> None:
    def token() -> RefreshToken:
        later = validity.after(60)
        return RefreshToken(
            digest=b"same",
            family_id=grant.id,
            grant_id=grant.id,
            client_id="app",
            issued_at=validity.now(),
            expires_at=later,
            family_expires_at=later,
        )

    def store() -> None:
        with database.unit() as unit:
            unit.refresh_tokens.add(token())

    store()
    with pytest.raises(IntegrityError):
        store()
