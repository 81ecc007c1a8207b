"""The process beside the workers."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path
from threading import Event

import pytest

from authserver.ops import background
from authserver.ops.background import BackgroundProcess
from tests.servers.process import wait_until


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "SHORTEST_PAUSE", 0.01)
    monkeypatch.setattr(background, "POLL_SECONDS", 0.02)


def _nothing() -> None:
    """The child has nothing to let go of."""


def test_it_runs_until_it_is_told_to_stop(tmp_path: Path) -> None:
    def work(stop: Event) -> None:
        (tmp_path / "begun").write_text(str(os.getpid()))
        stop.wait()
        (tmp_path / "ended").touch()

    process = BackgroundProcess(work, graceful_timeout=60, let_go=_nothing)
    process.start()
    wait_until((tmp_path / "begun").exists)
    assert int((tmp_path / "begun").read_text()) != os.getpid()
    process.stop()
    assert (tmp_path / "ended").exists()


def test_it_does_not_keep_the_sockets_of_the_server(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = listening.getsockname()
        begun = tmp_path / "begun"

        def work(stop: Event) -> None:
            begun.touch()
            stop.wait()

        process = BackgroundProcess(work, graceful_timeout=60, let_go=listening.close)
        process.start()
        wait_until(begun.exists)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)
    process.stop()


def test_it_is_started_again_when_it_dies(tmp_path: Path) -> None:
    def work(stop: Event) -> None:
        (tmp_path / str(os.getpid())).touch()
        stop.wait()

    process = BackgroundProcess(work, graceful_timeout=60, let_go=_nothing)
    process.start()
    wait_until(lambda: len(list(tmp_path.iterdir())) == 1)
    os.kill(int(next(tmp_path.iterdir()).name), signal.SIGKILL)
    wait_until(lambda: len(list(tmp_path.iterdir())) == 2)
    process.stop()
    assert process.pid == 0


def test_a_reload_of_the_parent_does_not_end_it(tmp_path: Path) -> None:
    def work(stop: Event) -> None:
        (tmp_path / "begun").touch()
        os.kill(os.getpid(), signal.SIGHUP)
        stop.wait()
        (tmp_path / "ended").touch()

    process = BackgroundProcess(work, graceful_timeout=60, let_go=_nothing)
    process.start()
    wait_until((tmp_path / "begun").exists)
    process.stop()
    assert (tmp_path / "ended").exists()


def test_work_that_does_not_stop_is_killed(tmp_path: Path) -> None:
    def work(stop: Event) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        (tmp_path / "begun").touch()
        Event().wait()

    process = BackgroundProcess(work, graceful_timeout=0.2, let_go=_nothing)
    process.start()
    wait_until((tmp_path / "begun").exists)
    process.stop()
    assert process.pid == 0
