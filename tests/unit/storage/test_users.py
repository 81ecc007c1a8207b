"""Look-ups of people use an index, and what belongs to a person goes with the person (B-40, A-03)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, event, func, select, text

from authserver.protocol import validity
from authserver.storage import Database, Unit
from authserver.storage.models.clients import ClientRecord
from authserver.storage.models.grants import Grant, RefreshToken
from authserver.storage.models.users import OAuthAccount, User


def plan(database: Database, look_up: Callable[[Unit], object]) -> str:
    """How the database would find what `look_up` asks for, were the table large."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    with database.unit() as unit:
        connection = unit.session.connection()
        if database.dialect == "postgresql":
            # An empty table is read from end to end by preference.
            connection.execute(text("SET LOCAL enable_seqscan = off"))
        event.listen(database.engine, "before_cursor_execute", note)
        try:
            look_up(unit)
        finally:
            event.remove(database.engine, "before_cursor_execute", note)
        ((statement, parameters),) = asked
        explain = "EXPLAIN " if database.dialect == "postgresql" else "EXPLAIN QUERY PLAN "
        return "\n".join(str(row) for row in connection.exec_driver_sql(explain + statement, parameters))


LOOK_UPS: dict[str, Callable[[Unit], object]] = {
    "email": lambda unit: unit.users.find_by_email("ada@example.com"),
    "login": lambda unit: unit.users.find_by_login("ada@example.com"),
    "username": lambda unit: unit.users.find_by_username("ada"),
    "provider": lambda unit: unit.users.find_by_provider("github", "1815"),
}


@pytest.mark.parametrize("look_up", LOOK_UPS.values(), ids=LOOK_UPS)
def test_nobody_is_looked_up_by_reading_everybody(database: Database, look_up: Callable[[Unit], object]) -> None:
    found = plan(database, look_up)
    assert "Seq Scan" not in found
    assert "SCAN" not in found.replace("Index Scan", "").replace("Bitmap", "")


@pytest.mark.parametrize("name", ["email", "login"])
def test_the_index_of_addresses_is_used(database: Database, name: str) -> None:
    index = "uq_users_email_key" if database.dialect == "postgresql" else "email_key=?"
    assert index in plan(database, LOOK_UPS[name])


def test_a_plan_without_an_index_is_noticed(database: Database) -> None:
    whole = plan(database, lambda unit: unit.session.scalar(select(User).where(User.given_name == "Ada")))
    assert "Seq Scan" in whole or "SCAN users" in whole


def test_an_upstream_account_names_its_person(database: Database) -> None:
    with database.unit() as unit:
        ada = unit.users.add(User(username="ada", username_key="ada"))
        unit.session.add(OAuthAccount(user_id=ada.id, provider="github", provider_id="1815"))
    with database.reading() as unit:
        found = unit.users.find_by_provider("github", "1815")
        assert found is not None
        assert found.id == ada.id
        assert unit.users.find_by_provider("gitlab", "1815") is None
        assert unit.users.find_by_provider("github", "1816") is None


def test_the_refresh_tokens_of_a_person_go_with_the_row(database: Database) -> None:
    with database.unit() as unit:
        unit.clients.add(ClientRecord(id="shop", name="Shop"))
        for name in ("ada", "bob"):
            user = unit.users.add(User(username=name, username_key=name))
            grant = unit.grants.add(Grant(client_id="shop", user_id=user.id, offline=True))
            unit.refresh_tokens.add(_token(grant, user))
        unit.session.execute(delete(User).where(User.username_key == "ada"))
    with database.reading() as unit:
        left = unit.session.execute(
            select(User.username, func.count(RefreshToken.id)).join(RefreshToken).group_by("username")
        )
        assert left.all() == [("bob", 1)]
        assert unit.session.scalar(select(func.count()).select_from(RefreshToken)) == 1


def _token(grant: Grant, user: User) -> RefreshToken:
    return RefreshToken(
        digest=user.id.encode(),
        family_id=grant.id,
        grant_id=grant.id,
        client_id="shop",
        user_id=user.id,
        issued_at=validity.now(),
        expires_at=validity.after(3600),
        family_expires_at=validity.after(7200),
    )
