"""One server per instance and port."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from authserver.ops import instance_lock
from authserver.ops.serving import ServeOptions, listen
from tests.servers.process import free_port

HOLD = """
import sys, pathlib
from authserver.ops import instance_lock
lock = instance_lock.acquire(pathlib.Path(sys.argv[1]), 8000)
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_process_is_told_who_has_the_lock(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        with pytest.raises(instance_lock.AlreadyRunning, match=f"process {holder.pid} already"):
            instance_lock.acquire(tmp_path, 8000)
        instance_lock.acquire(tmp_path, 8001).release()
        holder.kill()
    lock = instance_lock.acquire(tmp_path, 8000)
    assert lock.after_crash
    lock.release()


def test_an_orderly_end_leaves_no_trace_of_a_crash(tmp_path: Path) -> None:
    instance_lock.acquire(tmp_path, 8000).release()
    lock = instance_lock.acquire(tmp_path, 8000)
    assert not lock.after_crash
    lock.release()


def test_a_port_that_is_taken_is_not_shared() -> None:
    port = free_port()
    with listen("127.0.0.1", port), pytest.raises(OSError, match="in use"):
        listen("127.0.0.1", port)


def test_lifetimes_differ_by_a_tenth_at_most(tmp_path: Path) -> None:
    options = ServeOptions("127.0.0.1", 8000, tmp_path, lifetime=1000)
    lifetimes = {options.jittered_lifetime() for _ in range(200)}
    assert len(lifetimes) > 20
    assert min(lifetimes) >= 900
    assert max(lifetimes) <= 1100
