"""Workers that are killed, and workers that compete: no event is lost, none is logged twice."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import time_machine

from authserver import storage
from authserver.events import catalog
from authserver.events.chain import verify_chain
from authserver.events.outbox import Recorder
from authserver.events.spool import Spool
from authserver.events.worker import Worker
from authserver.protocol import validity
from authserver.storage import Database, migrations
from tests.integration.audit_worker_process import POINTS, SEALER

PROGRAM = Path(__file__).with_name("audit_worker_process.py")
RECORDED, SPOOLED = 25, 16


@pytest.fixture
def database(database_url: str, make_settings: Callable[..., Any]) -> Iterator[Database]:
    opened = storage.open(make_settings(database_url=database_url))
    migrations.upgrade(opened)
    yield opened
    opened.close()


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def fill(database: Database, spool: Path, start: int = 0) -> None:
    """Events as two requests and a dead process leave them."""
    recorder, lines = Recorder(SEALER), Spool(spool, SEALER)
    with database.unit() as unit:
        for number in range(start, start + RECORDED):
            recorder.record(unit, catalog.UserLoggedIn(user_id=f"user-{number % 5}"))
    for number in range(start, start + SPOOLED):
        lines.append(catalog.ClientTokenIssued(client_id="demo", token_id=f"token-{number}"))
    lines.close()


def run(url: str, spool: Path, *point: str) -> subprocess.Popen[str]:
    root = Path(__file__).parents[2]
    command = [sys.executable, str(PROGRAM), url, str(spool), *point]
    return subprocess.Popen(
        command, cwd=root, env={"PYTHONPATH": str(root), "PATH": ""}, stdout=subprocess.PIPE, text=True
    )


def logged(database: Database) -> list[str]:
    """What each entry is about, in order of the log."""
    with database.reading() as unit:
        records = [orjson.loads(entry.record) for entry in unit.audit.walk()]
    return [record["data"].get("token_id") or record["id"] for record in records]


def assert_complete(database: Database, spool: Path, times: int = 1) -> None:
    entries = logged(database)
    assert len(entries) == len(set(entries)) == times * (RECORDED + SPOOLED)
    assert verify_chain(database).is_whole
    assert not list(spool.glob("*.spool"))
    with database.reading() as unit:
        assert unit.outbox.count() == 0


def work_after_the_lease(database: Database, spool: Path) -> None:
    """Another worker, at a time when the dead one's lease has ended."""
    with time_machine.travel(validity.after(60)):
        Worker(database, SEALER, spool_directory=spool).run_once()


@pytest.mark.parametrize("point", POINTS)
def test_a_worker_killed_in_mid_batch_loses_nothing_and_doubles_nothing(
    point: str, database: Database, database_url: str, spool: Path
) -> None:
    fill(database, spool)
    number = "1" if point == "before deleting the spool" else "2"
    with run(database_url, spool, point, number) as process:
        assert process.wait(60) == -signal.SIGKILL
    work_after_the_lease(database, spool)
    assert_complete(database, spool)


def test_workers_killed_again_and_again_finish_in_the_end(database: Database, database_url: str, spool: Path) -> None:
    fill(database, spool)
    for point in ("before deleting the spool", "after append", "after commit"):
        with database.unit() as unit:
            unit.audit.acquire_lease("", validity.now())
        with run(database_url, spool, point, "1") as process:
            process.wait(60)
    work_after_the_lease(database, spool)
    assert_complete(database, spool)


def test_a_dead_workers_lease_is_waited_for(database: Database, database_url: str, spool: Path) -> None:
    fill(database, spool)
    with run(database_url, spool, "after commit", "1") as process:
        process.wait(60)
    before = len(logged(database))
    Worker(database, SEALER, spool_directory=spool).run_once()
    assert len(logged(database)) == before
    work_after_the_lease(database, spool)
    assert_complete(database, spool)


def test_several_workers_at_once_log_every_event_once(database: Database, database_url: str, spool: Path) -> None:
    fill(database, spool)
    processes = [run(database_url, spool) for _ in range(3)]
    for process in processes:
        with process:
            assert process.wait(60) == 0
    work_after_the_lease(database, spool)
    assert_complete(database, spool)


def test_a_worker_ends_on_sigterm_and_leaves_nothing_half_done(
    database: Database, database_url: str, spool: Path, tmp_path: Path
) -> None:
    fill(database, tmp_path / "instance" / "spool")
    root = Path(__file__).parents[2]
    program = "from authserver.cli.worker import worker; worker()"
    environment = {
        "AUTHSERVER_ENVIRONMENT": "testing",
        "AUTHSERVER_DATABASE_URL": database_url,
        "AUTHSERVER_INSTANCE_DIR": str(tmp_path / "instance"),
        "AUTHSERVER_KEYS_DIR": str(tmp_path / "keys"),
        "AUTHSERVER_SEALING_KEY": bytes(range(32)).hex(),
        "PYTHONPATH": str(root),
        "PATH": "",
    }
    with subprocess.Popen([sys.executable, "-c", program], cwd=tmp_path, env=environment) as process:
        pause = threading.Event()
        while len(logged(database)) < RECORDED + SPOOLED and process.poll() is None:
            pause.wait(0.05)
        process.terminate()
        assert process.wait(30) == 0
    assert_complete(database, tmp_path / "instance" / "spool")
    Worker(database, SEALER).run_once()
    fill(database, spool, start=100)
    Worker(database, SEALER, spool_directory=spool).run_once()
    assert_complete(database, spool, times=2)
