"""Small writes of several threads share a transaction; what each is told is as true as if it had one of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any, cast

import pytest
from sqlalchemy.exc import TimeoutError as PoolTimeout

from authserver import storage
from authserver.settings import Settings
from authserver.storage import Unit
from authserver.storage.joint_writes import JointWrites
from authserver.storage.outages import CommitLost

CROWD = 8
PATIENCE = 20
"""Seconds after which a thread that nobody woke is held to be forgotten."""


class Stopped(BaseException):
    """Ends a thread in the middle."""


class Transactions:
    """Transactions whose unit is the list of what was written in them; what was committed is kept."""

    def __init__(self) -> None:
        self.committed: list[list[int]] = []
        self.begins, self.commits = threading.Event(), threading.Event()
        self.begins.set()
        self.commits.set()
        self.is_begun = threading.Event()
        self.fails_to_begin: BaseException | None = None
        self.fails_to_commit: Exception | None = None

    @contextmanager
    def unit(self) -> Iterator[Unit]:
        self.is_begun.set()
        self.begins.wait(PATIENCE)
        failure, self.fails_to_begin = self.fails_to_begin, None
        if failure is not None:
            raise failure
        written: list[int] = []
        yield cast("Unit", written)
        self.commits.wait(PATIENCE)
        if self.fails_to_commit is not None:
            raise self.fails_to_commit
        self.committed.append(written)


@pytest.fixture
def transactions() -> Transactions:
    return Transactions()


@pytest.fixture
def joint(transactions: Transactions) -> JointWrites:
    return JointWrites(transactions.unit, PATIENCE)


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(CROWD) as pool:
        yield pool


def writing(number: int) -> Callable[[Unit], str]:
    def work(unit: Unit) -> str:
        cast("list[int]", unit).append(number)
        return f"wrote {number}"

    return work


def refused(unit: Unit) -> str:
    writing(-1)(unit)
    raise ValueError("not this one")


def queued(joint: JointWrites, count: int) -> None:
    """Wait until so many wait for a transaction that has not begun."""
    end = time.monotonic() + PATIENCE
    while len(joint._waiting) < count:
        assert time.monotonic() < end
        time.sleep(0.001)


def gathered(
    joint: JointWrites, transactions: Transactions, threads: ThreadPoolExecutor, *works: Callable[[Unit], str]
) -> list[Future[str]]:
    """Have all of these wait for one transaction, which then begins."""
    transactions.begins.clear()
    running = []
    for number, work in enumerate(works):
        running.append(threads.submit(joint.run, work))
        queued(joint, number + 1)
    transactions.begins.set()
    return running


def outcomes(running: list[Future[str]]) -> list[Any]:
    return [future.exception(PATIENCE) or future.result() for future in running]


def test_those_who_wait_are_written_in_one_transaction(
    joint: JointWrites, transactions: Transactions, threads: ThreadPoolExecutor
) -> None:
    running = gathered(joint, transactions, threads, *map(writing, range(CROWD)))
    assert outcomes(running) == [f"wrote {number}" for number in range(CROWD)]
    assert transactions.committed == [list(range(CROWD))]


def test_who_comes_while_others_are_written_is_written_next(
    joint: JointWrites, transactions: Transactions, threads: ThreadPoolExecutor
) -> None:
    transactions.commits.clear()
    first = threads.submit(joint.run, writing(0))
    assert transactions.is_begun.wait(PATIENCE)
    others = [threads.submit(joint.run, writing(number)) for number in range(1, CROWD)]
    queued(joint, CROWD - 1)
    transactions.commits.set()
    assert outcomes([first, *others]) == [f"wrote {number}" for number in range(CROWD)]
    assert [len(written) for written in transactions.committed] == [1, CROWD - 1]


def test_who_comes_before_the_next_transaction_begins_is_written_in_it(
    joint: JointWrites, transactions: Transactions, threads: ThreadPoolExecutor
) -> None:
    transactions.commits.clear()
    running = [threads.submit(joint.run, writing(0))]
    assert transactions.is_begun.wait(PATIENCE)
    running.append(threads.submit(joint.run, writing(1)))
    queued(joint, 1)
    transactions.begins.clear()
    transactions.commits.set()
    assert running[0].result(PATIENCE) == "wrote 0"
    running.append(threads.submit(joint.run, writing(2)))
    queued(joint, 2)
    transactions.begins.set()
    assert outcomes(running) == ["wrote 0", "wrote 1", "wrote 2"]
    assert transactions.committed == [[0], [1, 2]]


def test_one_after_the_other_each_is_written_at_once(joint: JointWrites, transactions: Transactions) -> None:
    assert [joint.run(writing(number)) for number in range(3)] == ["wrote 0", "wrote 1", "wrote 2"]
    assert transactions.committed == [[0], [1], [2]]


def test_nobody_is_told_before_everything_is_kept(
    joint: JointWrites, transactions: Transactions, threads: ThreadPoolExecutor
) -> None:
    transactions.commits.clear()
    running = gathered(joint, transactions, threads, *map(writing, range(3)))
    with pytest.raises(TimeoutError):
        running[0].result(0.05)
    assert not any(future.done() for future in running)
    transactions.commits.set()
    assert outcomes(running) == ["wrote 0", "wrote 1", "wrote 2"]


def test_a_write_that_is_refused_takes_no_other_with_it(
    joint: JointWrites, transactions: Transactions, threads: ThreadPoolExecutor
) -> None:
    running = gathered(joint, transactions, threads, writing(0), refused, writing(2))
    first, second, third = outcomes(running)
    assert (first, third) == ("wrote 0", "wrote 2")
    assert isinstance(second, ValueError)
    assert sorted(transactions.committed) == [[0], [2]]


def test_a_write_alone_that_is_refused_is_not_tried_again(joint: JointWrites, transactions: Transactions) -> None:
    tried = []

    def work(unit: Unit) -> str:
        tried.append(1)
        return refused(unit)

    with pytest.raises(ValueError, match="not this one"):
        joint.run(work)
    assert (len(tried), transactions.committed) == (1, [])


@pytest.mark.parametrize("moment", ["fails_to_begin", "fails_to_commit"])
def test_a_transaction_that_fails_is_told_to_all(
    joint: JointWrites, transactions: Transactions, threads: ThreadPoolExecutor, moment: str
) -> None:
    setattr(transactions, moment, OSError("the disk is full"))
    running = gathered(joint, transactions, threads, *map(writing, range(3)))
    assert [str(failure) for failure in outcomes(running)] == ["the disk is full"] * 3
    assert transactions.committed == []
    transactions.fails_to_commit = None
    assert joint.run(writing(4)) == "wrote 4"


def test_a_thread_that_is_ended_while_it_writes_for_others_leaves_nobody_waiting(
    joint: JointWrites, transactions: Transactions, threads: ThreadPoolExecutor
) -> None:
    transactions.fails_to_begin = Stopped()
    running = gathered(joint, transactions, threads, *map(writing, range(3)))
    first, *others = outcomes(running)
    assert isinstance(first, Stopped)
    assert others == ["wrote 1", "wrote 2"]
    assert joint.run(writing(3)) == "wrote 3"


def hurried(transactions: Transactions) -> JointWrites:
    """Writes for which nobody waits long."""
    return JointWrites(transactions.unit, 0.05)


def test_who_waits_too_long_is_told_and_not_written(transactions: Transactions, threads: ThreadPoolExecutor) -> None:
    joint = hurried(transactions)
    transactions.begins.clear()
    first = threads.submit(joint.run, writing(0))
    queued(joint, 1)
    assert isinstance(threads.submit(joint.run, writing(1)).exception(PATIENCE), PoolTimeout)
    transactions.begins.set()
    assert first.result(PATIENCE) == "wrote 0"
    assert joint.run(writing(2)) == "wrote 2"
    assert transactions.committed == [[0], [2]]


def test_who_is_being_written_for_too_long_is_not_told_that_nothing_happened(
    transactions: Transactions, threads: ThreadPoolExecutor
) -> None:
    joint = JointWrites(transactions.unit, 3)
    transactions.commits.clear()
    first, second = gathered(joint, transactions, threads, writing(0), writing(1))
    assert isinstance(second.exception(PATIENCE), CommitLost)
    transactions.commits.set()
    assert first.result(PATIENCE) == "wrote 0"
    assert transactions.committed == [[0, 1]]
    assert joint.run(writing(2)) == "wrote 2"


def test_a_process_does_not_wait_for_threads_that_it_did_not_inherit(
    migrated_url: str, make_settings: Callable[..., Settings], threads: ThreadPoolExecutor
) -> None:
    with closing(storage.open(make_settings(database_url=migrated_url))) as database:
        inherited = database._joint_writes
        if inherited is not None:
            inherited._has_leader = True
        database.dispose_after_fork()
        stored = threads.submit(database.single_write, lambda unit: unit.ephemeral.once("key", 60))
        try:
            assert stored.result(PATIENCE) is True
        finally:
            if inherited is not None:
                inherited._hand_over(inherited._take())
