"""Counters, gauges and histograms of one process."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from authserver.telemetry import instruments
from authserver.telemetry.instruments import OTHER, Registry, counter, gauge, histogram
from authserver.telemetry.readings import Family, merge


@pytest.fixture
def registry() -> Registry:
    return Registry()


def family(families: list[Family], name: str) -> Family:
    return next(found for found in families if found.name == name)


def test_a_counter_counts_for_each_combination_of_labels(registry: Registry) -> None:
    logins = counter("logins_total", "Logins.", ("outcome",), registry=registry)
    logins.add("ok")
    logins.add("failed", by=2)
    logins.add("failed")
    assert family(registry.snapshot(), "logins_total").series == {("ok",): [1.0], ("failed",): [3.0]}


def test_a_gauge_rises_and_falls(registry: Registry) -> None:
    waiting = gauge("waiting", "Waiting.", registry=registry)
    waiting.set(5)
    waiting.add(by=-2)
    assert family(registry.snapshot(), "waiting").series == {(): [3.0]}


def test_a_gauge_may_be_moved_before_it_is_set(registry: Registry) -> None:
    gauge("waiting", "Waiting.", ("queue",), registry=registry).add("mail", by=2)
    assert family(registry.snapshot(), "waiting").series == {("mail",): [2.0]}


def test_a_histogram_counts_each_value_in_the_bucket_that_holds_it(registry: Registry) -> None:
    seconds = histogram("wait_seconds", "Waits.", ("route",), (0.1, 1.0), registry=registry)
    for value in (0.05, 0.1, 0.5, 7.0):
        seconds.observe(value, "/x")
    assert family(registry.snapshot(), "wait_seconds").series == {("/x",): [2.0, 1.0, 1.0, 7.65]}


def test_an_instrument_without_numbers_is_listed(registry: Registry) -> None:
    counter("a_total", "A.", ("x",), registry=registry)
    assert [(found.name, found.kind, found.help, found.labels) for found in registry.snapshot()] == [
        ("a_total", "counter", "A.", ("x",))
    ]


def test_names_are_unique(registry: Registry) -> None:
    counter("a_total", "A.", registry=registry)
    with pytest.raises(ValueError, match="already"):
        gauge("a_total", "A.", registry=registry)


def test_label_values_match_the_labels(registry: Registry) -> None:
    with pytest.raises(ValueError, match="outcome"):
        counter("a_total", "A.", ("outcome",), registry=registry).add("a", "b")


@pytest.mark.parametrize("count", [0, 61])
def test_a_histogram_has_buckets_in_reason(registry: Registry, count: int) -> None:
    with pytest.raises(ValueError, match="buckets"):
        histogram("h_seconds", "H.", (), tuple(map(float, range(count))), registry=registry)


def test_invented_label_values_end_in_one_series(registry: Registry) -> None:
    paths = counter("paths_total", "Paths.", ("path",), max_series=3, registry=registry)
    for number in range(1000):
        paths.add(f"/{number}")
    series = family(registry.snapshot(), "paths_total").series
    assert series == {("/0",): [1.0], ("/1",): [1.0], ("/2",): [1.0], (OTHER,): [997.0]}


def test_when_all_cells_are_given_out_nothing_breaks_and_nothing_is_mixed_up(registry: Registry) -> None:
    full = counter("full_total", "Full.", ("n",), max_series=20000, registry=registry)
    for number in range(17000):
        full.add(str(number))
    late = counter("late_total", "Late.", registry=registry)
    late.add()
    numbers = family(registry.snapshot(), "full_total").series
    assert all(cells == [1.0] for cells in numbers.values())
    assert len(numbers) < 16384


def test_no_count_is_lost_between_threads(registry: Registry) -> None:
    count = counter("count_total", "Count.", ("n",), registry=registry)
    spread = histogram("spread", "Spread.", (), (0.5,), registry=registry)

    def work() -> None:
        for number in range(2000):
            count.add(str(number % 3))
            spread.observe(1.0)

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    families = registry.snapshot()
    assert sum(cells[0] for cells in family(families, "count_total").series.values()) == 32000
    assert family(families, "spread").series[()] == [0.0, 32000.0, 32000.0]


def test_what_was_counted_before_sharing_is_shared(registry: Registry, tmp_path: Path) -> None:
    count = counter("count_total", "Count.", registry=registry)
    count.add(by=2)
    registry.share(tmp_path)
    registry.share(tmp_path)
    count.add()
    assert family(merge(tmp_path), "count_total").series == {(): [3.0]}
    assert family(registry.snapshot(), "count_total").series == {(): [3.0]}


def test_a_forked_child_counts_for_itself(registry: Registry, tmp_path: Path) -> None:
    count = counter("count_total", "Count.", registry=registry)
    registry.share(tmp_path)
    count.add(by=10)
    child = os.fork()
    if child == 0:
        count.add(by=100)
        registry.share(tmp_path)
        count.add(by=1000)
        os._exit(0)
    os.waitpid(child, 0)
    assert family(registry.snapshot(), "count_total").series == {(): [10.0]}
    assert family(merge(tmp_path), "count_total").series == {(): [1110.0]}


def test_the_module_has_one_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instruments, "REGISTRY", Registry())
    counter("only_total", "Only.", registry=instruments.REGISTRY).add()
    instruments.share(tmp_path)
    assert [found.name for found in instruments.snapshot()] == ["only_total"]
    assert [found.name for found in merge(tmp_path)] == ["only_total"]
