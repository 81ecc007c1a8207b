"""The audit log: one writer, every event once, a chain that shows what was done to it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import orjson
import pytest
import time_machine
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from authserver.crypto.sealing import Sealer, SealingError
from authserver.events import catalog, envelope
from authserver.events.audit_log import AuditWriter, LeaseLost
from authserver.events.chain import verify_chain
from authserver.events.outbox import Recorder
from authserver.events.persons import PersonKeys
from authserver.protocol.errors import AccessDenied, Refused
from authserver.storage import Database
from authserver.storage.models.audit import AuditEntry, drop_append_only_statements

Record = Callable[..., None]


def entries(database: Database) -> list[AuditEntry]:
    with database.reading() as unit:
        return unit.audit.after(0, 1000)


def logged_in(number: int) -> catalog.UserLoggedIn:
    return catalog.UserLoggedIn(user_id=f"user-{number}", client_id="demo", session_id="s", methods=("pwd",))


def execute(database: Database, *statements: str) -> None:
    with database.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def dump(database: Database, table: str) -> str:
    with database.engine.connect() as connection:
        return str(connection.execute(text(f"SELECT * FROM {table}")).all())  # noqa: S608


def unprotect(database: Database) -> None:
    execute(database, *drop_append_only_statements(database.dialect))


def test_an_entry_says_who_did_what_to_whom_where_and_when(
    database: Database, record: Record, writer: AuditWriter, sealer: Sealer
) -> None:
    record(catalog.UserDisabled(user_id="victim", actor_id="admin", device_id="d", risk_score=3, reason="left"))
    writer.append_batch()
    (entry,) = entries(database)
    assert (entry.type, entry.outcome, entry.actor, entry.target) == ("UserDisabled", "success", "admin", "victim")
    assert (entry.device_id, entry.risk_score, entry.correlation_id) == ("d", 3, "corr-1")
    assert orjson.loads(entry.record)["data"]["reason"] == "left"
    with database.reading() as unit:
        origin = PersonKeys(sealer).origin(unit, entry)
    assert origin == {"address": "198.51.100.7", "user_agent": "Firefox/140"}


def test_an_event_is_recorded_if_and_only_if_its_transaction_commits(database: Database, sealer: Sealer) -> None:
    def fail() -> None:
        with database.unit() as unit:
            Recorder(sealer).record(unit, logged_in(1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with database.reading() as unit:
        assert unit.outbox.count() == 0


def test_a_refusal_commits_its_event(database: Database, sealer: Sealer) -> None:
    event = catalog.UserLoginFailed(reason="password_wrong")

    def refuse() -> None:
        with database.unit():
            raise Refused(AccessDenied("no"), lambda unit: Recorder(sealer).record(unit, event))

    with pytest.raises(AccessDenied):
        refuse()
    with database.reading() as unit:
        assert unit.outbox.count() == 1


def test_events_leave_the_outbox_for_the_log_in_batches(
    database: Database, record: Record, writer: AuditWriter
) -> None:
    record(*(logged_in(number) for number in range(5)))
    assert [writer.append_batch(2) for _ in range(4)] == [2, 2, 1, 0]
    assert [entry.sequence for entry in entries(database)] == [1, 2, 3, 4, 5]
    assert verify_chain(database).is_whole


def test_an_event_that_comes_again_is_not_logged_twice(database: Database, record: Record, writer: AuditWriter) -> None:
    record(logged_in(1))
    with database.reading() as unit:
        rows = unit.outbox.first(1)
    writer.append_batch()
    with database.unit() as unit:
        unit.outbox.add_missing(rows)
    assert writer.append_batch() == 1
    assert len(entries(database)) == 1


def test_an_event_committed_late_with_an_earlier_id_is_logged(
    database: Database, record: Record, writer: AuditWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(logged_in(1))
    writer.append_batch()
    monkeypatch.setattr(envelope, "new_id", lambda: "00000000-0000-7000-8000-000000000000")
    record(logged_in(2))
    writer.append_batch()
    assert len(entries(database)) == 2


@pytest.mark.parametrize("hostile", ["nul \0 byte", "x" * 10_000, "\ud800 alone", "💥"])
def test_no_value_stops_the_log(hostile: str, database: Database, record: Record, writer: AuditWriter) -> None:
    record(catalog.ResourceDeleted(resource=hostile, client_id=hostile, device_id=hostile, user_id=hostile[:30]))
    record(catalog.UserLoginFailed(reason=hostile, identifier=hostile))
    assert writer.append_batch() == 2
    assert verify_chain(database).is_whole


# --- the lease ----------------------------------------------------------------------------------


def test_there_is_one_writer(database: Database, sealer: Sealer, writer: AuditWriter) -> None:
    assert not AuditWriter(database, sealer).acquire()
    writer.release()
    assert AuditWriter(database, sealer).acquire()


def test_a_writer_that_slept_through_its_lease_appends_nothing(
    database: Database, sealer: Sealer, record: Record, writer: AuditWriter
) -> None:
    record(logged_in(1))
    other = AuditWriter(database, sealer, holder="second")
    with time_machine.travel("2090-01-01"):
        assert other.acquire()
    with pytest.raises(LeaseLost):
        writer.append_batch()
    assert entries(database) == []
    assert other.append_batch() == 1


def test_the_same_holder_started_again_fences_its_former_self(
    database: Database, sealer: Sealer, record: Record, writer: AuditWriter
) -> None:
    record(logged_in(1))
    assert AuditWriter(database, sealer, holder="first").acquire()
    with pytest.raises(LeaseLost):
        writer.append_batch()


def test_an_expired_lease_that_nobody_took_still_appends(record: Record, writer: AuditWriter) -> None:
    record(logged_in(1))
    with time_machine.travel("2090-01-01"):
        assert writer.append_batch() == 1


def test_without_a_lease_nothing_is_appended(database: Database, sealer: Sealer, record: Record) -> None:
    record(logged_in(1))
    with pytest.raises(LeaseLost):
        AuditWriter(database, sealer).append_batch()


def test_writers_in_many_threads_log_every_event_once(database: Database, sealer: Sealer, record: Record) -> None:
    record(*(logged_in(number) for number in range(60)))
    writers = [AuditWriter(database, sealer) for _ in range(8)]

    def work(writer: AuditWriter) -> None:
        for _ in range(10):
            writer.step(5)
            writer.release()

    threads = [threading.Thread(target=work, args=(writer,)) for writer in writers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while writers[0].step(5) or writers[0].acquire() is False:
        pass
    assert len({entry.event_id for entry in entries(database)}) == len(entries(database)) == 60
    assert verify_chain(database).is_whole


# --- append-only --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET type = 'Nothing'",
        "DELETE FROM audit_log",
        "DELETE FROM audit_log WHERE sequence = 1",
        "INSERT INTO audit_log SELECT * FROM audit_log",
    ],
)
def test_the_log_refuses_changes(statement: str, database: Database, record: Record, writer: AuditWriter) -> None:
    record(logged_in(1))
    writer.append_batch()
    with pytest.raises(DBAPIError):
        execute(database, statement)
    assert verify_chain(database).entries == 1


def test_the_log_refuses_what_only_one_database_knows(database: Database, record: Record, writer: AuditWriter) -> None:
    record(logged_in(1))
    writer.append_batch()
    own = {
        "postgresql": [
            "TRUNCATE audit_log",
            "SET LOCAL session_replication_role = replica; DELETE FROM audit_log",
            "SET LOCAL session_replication_role = replica; TRUNCATE audit_log",
            "UPDATE audit_log SET type = 'x' WHERE false",
        ],
        "sqlite": [
            "INSERT OR REPLACE INTO audit_log SELECT * FROM audit_log",
            "REPLACE INTO audit_log SELECT * FROM audit_log",
        ],
    }
    for statement in own[database.dialect]:
        with pytest.raises(DBAPIError, match="append-only"), database.engine.begin() as connection:
            connection.exec_driver_sql(statement)


UPSERT = "INSERT INTO audit_log SELECT * FROM forged ON CONFLICT (sequence) DO UPDATE SET type = 'x'"


@pytest.mark.parametrize(
    ("change", "upsert"),
    [
        ("UPDATE forged SET event_id = 'forged'", UPSERT),
        ("UPDATE forged SET sequence = sequence + 1", UPSERT.replace("(sequence)", "(event_id)")),
    ],
    ids=["number", "event"],
)
def test_an_entry_is_not_replaced(
    change: str, upsert: str, database: Database, record: Record, writer: AuditWriter
) -> None:
    record(logged_in(1))
    writer.append_batch()
    replace = {"postgresql": upsert, "sqlite": "INSERT OR REPLACE INTO audit_log SELECT * FROM forged"}
    copy = "CREATE TEMPORARY TABLE forged AS SELECT * FROM audit_log"
    with pytest.raises(DBAPIError, match="append-only"):
        execute(database, copy, change, replace[database.dialect])
    assert verify_chain(database).entries == 1


# --- the chain ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "broken_at", "reason"),
    [
        ("UPDATE audit_log SET record = replace(record, 'demo', 'evil') WHERE sequence = 3", 3, "changed"),
        ("UPDATE audit_log SET origin = NULL WHERE sequence = 2", 2, "changed"),
        ("UPDATE audit_log SET origin_holder = 'x' WHERE sequence = 2", 2, "changed"),
        ("UPDATE audit_log SET user_id = 'someone' WHERE sequence = 4", 4, "columns_changed"),
        ("UPDATE audit_log SET outcome = 'failure' WHERE sequence = 4", 4, "columns_changed"),
        ("UPDATE audit_log SET occurred_at = '2001-01-01 00:00:00.000000' WHERE sequence = 4", 4, "columns_changed"),
        ("DELETE FROM audit_log WHERE sequence = 3", 3, "missing"),
        ("DELETE FROM audit_log WHERE sequence = 1", 1, "missing"),
        ("DELETE FROM audit_log WHERE sequence >= 4", 4, "truncated"),
        ("DELETE FROM audit_log", 1, "truncated"),
        ("UPDATE audit_log SET sequence = 9 WHERE sequence = 2", 2, "missing"),
    ],
)
def test_the_first_break_is_found(  # noqa: PLR0917
    statement: str, broken_at: int, reason: str, database: Database, record: Record, writer: AuditWriter
) -> None:
    record(*(logged_in(number) for number in range(5)))
    writer.append_batch()
    unprotect(database)
    execute(database, statement)
    report = verify_chain(database)
    assert (report.broken_at, report.reason, report.entries) == (broken_at, reason, broken_at - 1)


def test_swapped_entries_are_found(database: Database, record: Record, writer: AuditWriter) -> None:
    record(*(logged_in(number) for number in range(4)))
    writer.append_batch()
    unprotect(database)
    for old, new in ((2, 99), (3, 2), (99, 3)):
        execute(database, f"UPDATE audit_log SET sequence = {new} WHERE sequence = {old}")  # noqa: S608
    assert (verify_chain(database).broken_at, verify_chain(database).reason) == (2, "reordered")


def test_an_empty_log_is_whole(database: Database) -> None:
    assert verify_chain(database).is_whole


# --- persons ------------------------------------------------------------------------------------


@pytest.fixture
def persons(sealer: Sealer) -> PersonKeys:
    return PersonKeys(sealer)


def personal(database: Database, persons: PersonKeys, index: int = 0) -> dict[str, Any]:
    entry = entries(database)[index]
    with database.reading() as unit:
        return dict(persons.personal(unit, entry)) | dict(persons.origin(unit, entry))


def test_nothing_personal_stands_in_the_open(database: Database, record: Record, writer: AuditWriter) -> None:
    record(catalog.UserCreated(user_id="u", username="ada_king", email="ada_king@lovelace.example"))
    dumps = [dump(database, "outbox_events")]
    writer.append_batch()
    dumps += [dump(database, "audit_log"), dump(database, "user_keys")]
    # Each has a character that base64 and hexadecimal have not, so that no sealed value holds it by chance.
    for secret in ("ada_king", "@lovelace.", "198.51.100.7", "Firefox/"):
        assert not any(secret in text_of_table for text_of_table in dumps)


def test_erasing_the_key_erases_the_person_and_leaves_the_chain(
    database: Database, record: Record, writer: AuditWriter, persons: PersonKeys
) -> None:
    record(catalog.UserCreated(user_id="u", username="ada"), catalog.UserCreated(user_id="v", username="bob"))
    writer.append_batch()
    assert personal(database, persons)["username"] == "ada"
    with database.unit() as unit:
        persons.erase(unit, "u")
    assert personal(database, persons) == {}
    assert personal(database, persons, 1)["username"] == "bob"
    assert verify_chain(database).is_whole


def test_events_after_the_erasure_keep_nothing_personal(
    database: Database, record: Record, writer: AuditWriter, persons: PersonKeys
) -> None:
    with database.unit() as unit:
        persons.erase(unit, "u")
    record(catalog.UserCreated(user_id="u", username="ada"))
    writer.append_batch()
    (entry,) = entries(database)
    assert (entry.personal, entry.origin) == (None, None)


def test_an_administrators_address_belongs_to_the_administrator(
    database: Database, record: Record, writer: AuditWriter, persons: PersonKeys
) -> None:
    record(catalog.UserCreated(user_id="u", actor_id="admin", username="ada"))
    writer.append_batch()
    with database.unit() as unit:
        persons.erase(unit, "admin")
    assert personal(database, persons) == {"username": "ada"}


def test_data_of_nobody_is_sealed_under_the_month(
    database: Database, record: Record, writer: AuditWriter, persons: PersonKeys
) -> None:
    record(catalog.UserLoginFailed(reason="unknown", identifier="typo"))
    writer.append_batch()
    (entry,) = entries(database)
    assert (entry.personal_holder or "").startswith("anonymous:20")
    assert personal(database, persons)["identifier"] == "typo"


def test_a_sealed_part_moved_to_another_entry_does_not_open(
    database: Database, record: Record, writer: AuditWriter, persons: PersonKeys
) -> None:
    record(catalog.UserCreated(user_id="u", username="ada"), catalog.UserCreated(user_id="u", username="eve"))
    writer.append_batch()
    first, second = entries(database)
    second.personal = first.personal
    with database.reading() as unit, pytest.raises(SealingError):
        persons.personal(unit, second)
