"""Modules that share a callback address never run at once; others do; new keys disturb nobody."""

from __future__ import annotations

from threading import Barrier, Lock

from conformance.execution import KEY_ROTATION, Module, execute, lanes
from conformance.outcomes import Outcome
from conformance.plans.catalog import Run

STATIC = Run("s", "plan", clients="basic")
DYNAMIC = Run("d", "plan")


def module(run: Run, name: str) -> Module:
    return Module(run, "plan", {"testModule": name})


def outcome(found: Module) -> Outcome:
    return Outcome(found.run.name, found.name, {}, "id", "FINISHED", "PASSED", 0.0)


def test_static_modules_stand_in_one_line_for_each_set_of_clients() -> None:
    other = Run("t", "plan", clients="basic")
    found = lanes([module(STATIC, "1"), module(DYNAMIC, "2"), module(other, "3"), module(DYNAMIC, "4")])
    assert [[one.name for one in line] for line in found] == [["1", "3"], ["2"], ["4"]]


def test_dynamic_modules_run_side_by_side() -> None:
    together = Barrier(3, timeout=30)

    def drive(found: Module) -> Outcome:
        together.wait()
        return outcome(found)

    done = execute([module(DYNAMIC, str(number)) for number in range(3)], drive, 3, lambda _: None)
    assert len(done) == 3


def test_keys_are_rotated_when_all_is_quiet() -> None:
    order: list[str] = []
    lock = Lock()

    def drive(found: Module) -> Outcome:
        with lock:
            order.append(found.name)
        return outcome(found)

    modules = [module(STATIC, KEY_ROTATION), *(module(DYNAMIC, str(number)) for number in range(5))]
    execute(modules, drive, 4, lambda _: None)
    assert order[-1] == KEY_ROTATION
