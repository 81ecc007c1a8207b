"""The history is one line, ends where the code says, and goes both ways on both databases."""

from __future__ import annotations

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from authserver.storage import Database, migrations
from authserver.storage.database import MIGRATIONS
from tests.migrations.conftest import fill

ENTRY = """
INSERT INTO audit_log (sequence, event_id, type, occurred_at, outcome, correlation_id, record, previous_hash, hash)
VALUES (1, 'a', 'UserLoggedIn', '2026-01-01 00:00:00', 'success', '', '{}', '', '')
"""


def tables(database: Database) -> set[str]:
    return set(inspect(database.engine).get_table_names()) - {"alembic_version"}


def test_history_is_one_line_that_ends_at_the_head_of_the_code() -> None:
    script = ScriptDirectory(str(MIGRATIONS))
    assert script.get_heads() == [migrations.HEAD]
    assert len(script.get_bases()) == 1
    assert not [revision for revision in script.walk_revisions() if revision.is_branch_point]


def test_schema_after_upgrade_is_that_of_the_models(database: Database) -> None:
    assert migrations.upgrade(database) == migrations.HEAD
    assert migrations.check(database) == []


def test_upgrade_of_a_current_schema_changes_nothing(database: Database) -> None:
    migrations.upgrade(database)
    fill(database)
    assert migrations.upgrade(database) == migrations.HEAD
    with database.reading() as unit:
        assert unit.clients.find("shop") is not None


def test_downgrade_leaves_nothing_and_upgrade_works_again(database: Database) -> None:
    migrations.upgrade(database)
    assert migrations.downgrade(database, "base") == "base"
    assert tables(database) == set()
    migrations.upgrade(database)
    assert migrations.check(database) == []


def test_downgrade_of_a_filled_database_and_upgrade_again(database: Database) -> None:
    migrations.upgrade(database)
    fill(database)
    migrations.downgrade(database, "base")
    migrations.upgrade(database)
    fill(database)
    assert migrations.check(database) == []


def test_check_names_what_drifted(database: Database) -> None:
    migrations.upgrade(database)
    with database.engine.begin() as connection:
        connection.execute(text("DROP TABLE refusals"))
    assert "refusals" in " ".join(migrations.check(database))


def test_check_notices_a_column_of_another_type(database: Database) -> None:
    migrations.upgrade(database)
    with database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE revoked_tokens DROP COLUMN revoked_at"))
        connection.execute(text("ALTER TABLE revoked_tokens ADD COLUMN revoked_at VARCHAR(3)"))
    assert "revoked_at" in " ".join(migrations.check(database))


def test_stale_schema_is_refused_with_the_remedy(database: Database) -> None:
    with pytest.raises(migrations.StaleSchema, match="authserver init"):
        migrations.require_head(database)
    migrations.upgrade(database)
    migrations.require_head(database)
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    with pytest.raises(migrations.StaleSchema, match="authserver db upgrade"):
        migrations.require_head(database)


@pytest.mark.parametrize("change", ["UPDATE audit_log SET type = 'x'", "DELETE FROM audit_log"])
def test_migrated_audit_log_refuses_changes(database: Database, change: str) -> None:
    migrations.upgrade(database)
    with database.engine.begin() as connection:
        connection.execute(text(ENTRY))
    with pytest.raises(DBAPIError, match="append-only"), database.engine.begin() as connection:
        connection.execute(text(change))


def test_failed_migration_leaves_nothing_behind(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_connection: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr(migrations, "_before_commit", fail)
    with pytest.raises(RuntimeError, match="power cut"):
        migrations.upgrade(database)
    assert migrations.current(database) is None
    assert tables(database) == set()
