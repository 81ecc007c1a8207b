"""Numbers that outlive their process, in a bounded number of files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from authserver.telemetry import slots
from authserver.telemetry.instruments import Registry, counter, gauge
from authserver.telemetry.readings import merge

WORKER = """
import os, sys
from pathlib import Path
from authserver.telemetry.instruments import counter, gauge, share
count, busy = counter("count_total", "Count.", ("worker",)), gauge("busy", "Busy.")
share(Path(sys.argv[1]))
count.add("all")
count.add(sys.argv[2])
busy.set(1)
print("ready", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def worker(tmp_path: Path) -> Callable[[str], subprocess.Popen[str]]:
    def start(name: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", WORKER, str(tmp_path), name]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    return start


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


def numbers(directory: Path, name: str) -> dict[tuple[str, ...], list[float]]:
    return next(family.series for family in merge(directory) if family.name == name)


def test_living_processes_have_slots_of_their_own(
    tmp_path: Path, worker: Callable[[str], subprocess.Popen[str]]
) -> None:
    processes = [worker(name) for name in ("a", "b", "c")]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["slot-0", "slot-1", "slot-2"]
    assert numbers(tmp_path, "count_total") == {("all",): [3.0], ("a",): [1.0], ("b",): [1.0], ("c",): [1.0]}
    assert numbers(tmp_path, "busy") == {(): [3.0]}
    for process in processes:
        process.communicate("\n")


def test_twenty_killed_workers_leave_one_file_and_all_their_numbers(
    tmp_path: Path, worker: Callable[[str], subprocess.Popen[str]]
) -> None:
    for number in range(20):
        kill(worker(str(number % 2)))
    assert [path.name for path in tmp_path.iterdir()] == ["slot-0"]
    assert numbers(tmp_path, "count_total") == {("all",): [20.0], ("0",): [10.0], ("1",): [10.0]}


def test_the_gauge_of_a_dead_process_does_not_count(
    tmp_path: Path, worker: Callable[[str], subprocess.Popen[str]]
) -> None:
    kill(worker("a"))
    assert [family.series for family in merge(tmp_path) if family.name == "busy"] == [{}]


def test_a_gauge_begins_anew_in_a_slot_taken_over(tmp_path: Path) -> None:
    first = slots.claim(tmp_path)
    first.append(["family", "busy", "gauge", "Busy.", [], []])
    first.append(["series", "busy", [], 1])
    first.cells()[0] = 7.0
    first.close()
    registry = Registry()
    gauge("busy", "Busy.", registry=registry)
    registry.share(tmp_path)
    assert numbers(tmp_path, "busy") == {(): [0.0]}


def test_a_process_that_knows_other_instruments_keeps_those_of_its_predecessor(tmp_path: Path) -> None:
    first = slots.claim(tmp_path)
    first.append(["family", "old_total", "counter", "Old.", ["x"], []])
    first.append(["series", "old_total", ["a"], 1])
    first.cells()[0] = 4.0
    first.close()
    registry = Registry()
    counter("new_total", "New.", registry=registry).add()
    registry.share(tmp_path)
    assert (numbers(tmp_path, "old_total"), numbers(tmp_path, "new_total")) == ({("a",): [4.0]}, {(): [1.0]})


def test_claims_at_once_get_distinct_slots(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        claimed = list(pool.map(lambda _: slots.claim(tmp_path), range(16)))
    assert len({slot.path for slot in claimed}) == 16
    for slot in claimed:
        slot.close()


def test_the_first_start_forgets_the_dead_and_spares_the_living(tmp_path: Path) -> None:
    living, dead = slots.claim(tmp_path), slots.claim(tmp_path)
    dead.close()
    assert slots.clean(tmp_path) == 1
    assert list(tmp_path.iterdir()) == [living.path]
    living.close()


def test_slots_are_private(tmp_path: Path) -> None:
    slot = slots.claim(tmp_path / "metrics")
    assert slot.path.stat().st_mode & 0o777 == 0o600
    assert slot.path.parent.stat().st_mode & 0o777 == 0o700
    slot.close()


def test_a_file_of_another_size_is_passed_over_and_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "slot-0").write_bytes(b"something else")
    assert merge(tmp_path) == []
    slot = slots.claim(tmp_path)
    assert (slot.entries(), os.path.getsize(slot.path)) == ([], slots.SIZE)  # noqa: PTH202
    slot.close()


def test_a_full_index_takes_no_more(tmp_path: Path) -> None:
    slot = slots.claim(tmp_path)
    assert not slot.append(["x" * slots.INDEX_BYTES])
    assert slot.entries() == []
    slot.close()


def test_there_is_an_end_to_slots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "MAX_SLOTS", 1)
    slot = slots.claim(tmp_path)
    with pytest.raises(OSError, match="taken"):
        slots.claim(tmp_path)
    slot.close()


def test_a_directory_that_does_not_exist_holds_nothing(tmp_path: Path) -> None:
    assert merge(tmp_path / "nowhere") == []
    assert not slots.is_taken(tmp_path / "nowhere")
