"""Spool files: a whole line before the answer, nothing lost, nothing doubled."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from authserver.crypto.sealing import Sealer
from authserver.events import spool as spool_module
from authserver.events.catalog import ClientTokenIssued
from authserver.events.envelope import disclose
from authserver.events.intake import DAMAGED, Intake
from authserver.events.spool import MAX_LINE, Spool, SpoolUnavailable, envelope_of
from authserver.storage import Database
from authserver.telemetry import context
from authserver.telemetry.context import RequestContext

ORIGIN = RequestContext("corr-1", "198.51.100.7", "Firefox/140")


def issued(number: int = 0, **extra: object) -> ClientTokenIssued:
    return ClientTokenIssued(client_id="demo", token_id=f"token-{number}", **extra)  # type: ignore[arg-type]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def spool(directory: Path, sealer: Sealer) -> Spool:
    return Spool(directory, sealer)


@pytest.fixture
def intake(database: Database, directory: Path) -> Intake:
    return Intake(database, directory)


def files(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.spool"))


def waiting(database: Database) -> int:
    with database.reading() as unit:
        return unit.outbox.count()


def test_an_event_is_one_line_in_the_file_when_append_returns(spool: Spool, directory: Path, sealer: Sealer) -> None:
    with context.bind(ORIGIN):
        spool.append(issued())
    (path,) = files(directory)
    (line,) = path.read_bytes().splitlines()
    opened = disclose(envelope_of(line), sealer)
    assert opened.event == issued()
    assert (opened.address, opened.correlation_id) == (ORIGIN.address, ORIGIN.correlation_id)


def test_addresses_are_not_readable_in_the_file(spool: Spool, directory: Path) -> None:
    with context.bind(ORIGIN):
        spool.append(issued())
    assert ORIGIN.address.encode() not in files(directory)[0].read_bytes()


def test_only_the_owner_may_read_the_files(spool: Spool, directory: Path) -> None:
    spool.append(issued())
    assert directory.stat().st_mode & 0o777 == 0o700
    assert files(directory)[0].stat().st_mode & 0o777 == 0o600


def test_a_full_file_is_followed_by_another(directory: Path, sealer: Sealer) -> None:
    spool = Spool(directory, sealer, max_file=1000)
    for number in range(6):
        spool.append(issued(number))
    assert len(files(directory)) > 1
    assert all(path.stat().st_size <= 1000 for path in files(directory))


def test_a_full_disk_refuses_the_event_and_leaves_no_half_line(
    spool: Spool, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool.append(issued(1))
    write = os.write
    monkeypatch.setattr(spool_module.os, "write", lambda fd, data: write(fd, data[:20]))
    with pytest.raises(SpoolUnavailable):
        spool.append(issued(2))
    monkeypatch.undo()
    spool.append(issued(3))
    lines = b"".join(path.read_bytes() for path in files(directory)).splitlines()
    assert [envelope_of(line).record.count("token-2") for line in lines] == [0, 0]


def test_a_directory_that_cannot_be_written_refuses_the_event(tmp_path: Path, sealer: Sealer) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SpoolUnavailable):
        Spool(tmp_path / "file" / "spool", sealer).append(issued())


def test_an_endless_event_is_refused(spool: Spool) -> None:
    with pytest.raises(SpoolUnavailable, match="longer"):
        spool.append(issued(scopes=("x" * MAX_LINE,)))


def test_a_forked_child_writes_a_file_of_its_own(spool: Spool, directory: Path) -> None:
    spool.append(issued(1))
    if (child := os.fork()) == 0:
        spool.append(issued(2))
        os._exit(0)
    os.waitpid(child, 0)
    assert len(files(directory)) == 2


def test_intake_takes_every_line_once(spool: Spool, intake: Intake, database: Database) -> None:
    for number in range(5):
        spool.append(issued(number))
    assert intake.step() == 5
    spool.append(issued(5))
    assert intake.step() == 1
    assert intake.step() == 0
    assert waiting(database) == 6


def test_a_file_stays_while_its_process_may_write(spool: Spool, intake: Intake, directory: Path) -> None:
    spool.append(issued())
    intake.step()
    assert files(directory)
    spool.close()
    intake.step()
    assert not files(directory)


def test_reading_again_after_a_crash_doubles_nothing(
    spool: Spool, intake: Intake, database: Database, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool.append(issued())
    spool.close()
    monkeypatch.setattr(Path, "unlink", lambda self: (_ for _ in ()).throw(OSError("killed")))
    with pytest.raises(OSError, match="killed"):
        intake.step()
    monkeypatch.undo()
    intake.close()
    assert Intake(database, directory).step() == 1
    assert waiting(database) == 1
    assert not files(directory)


def test_a_torn_last_line_of_a_living_process_is_waited_for(
    spool: Spool, intake: Intake, database: Database, directory: Path
) -> None:
    spool.append(issued(1))
    path = files(directory)[0]
    with path.open("ab") as file:
        file.write(b'["torn')
    assert intake.step() == 1
    assert path.exists()


def test_a_torn_last_line_of_a_dead_process_is_put_aside(
    spool: Spool, intake: Intake, database: Database, directory: Path
) -> None:
    spool.append(issued(1))
    spool.close()
    with files(directory)[0].open("ab") as file:
        file.write(b'["torn')
    assert intake.step() == 1
    assert waiting(database) == 1
    assert (directory / DAMAGED).read_bytes() == b'["torn\n'
    assert not files(directory)


@pytest.mark.parametrize("line", [b"", b"garbage", b"[]", b'["a",{"id":"b","type":"x","time":"t"},null]', b'{"a":1}'])
def test_damaged_lines_do_not_stop_the_others(
    line: bytes, spool: Spool, intake: Intake, database: Database, directory: Path
) -> None:
    spool.append(issued(1))
    with files(directory)[0].open("ab") as file:
        file.write(line + b"\n")
    spool.append(issued(2))
    intake.step()
    assert waiting(database) == 2
    assert (directory / DAMAGED).read_bytes() == line + b"\n"


def test_one_intake_works_on_a_directory_at_a_time(
    spool: Spool, intake: Intake, database: Database, directory: Path
) -> None:
    spool.append(issued(1))
    other = Intake(database, directory)
    assert intake.step() == 1
    spool.append(issued(2))
    assert other.step() == 0
    intake.close()
    assert other.step() == 2
    assert waiting(database) == 2
    other.close()


def test_without_a_directory_there_is_nothing_to_do(intake: Intake) -> None:
    assert intake.step() == 0


def test_a_file_deleted_before_it_was_held_is_replaced(
    spool: Spool, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock: Callable[[int, int], None] = spool_module.fcntl.flock
    seen: list[Path] = []

    def deleting(descriptor: int, operation: int) -> None:
        if not seen:
            seen.extend(files(directory))
            seen[0].unlink()
        lock(descriptor, operation)

    monkeypatch.setattr(spool_module.fcntl, "flock", deleting)
    spool.append(issued())
    assert files(directory)
    assert files(directory) != seen
