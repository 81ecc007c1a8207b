"""Probes."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from authserver.ops import health
from authserver.ops.health import Component, Degraded, Health
from authserver.protocol.messages import Request, Response

REQUEST = Request("GET", "/health")


def fine() -> str:
    return "fine"


def broken() -> str:
    raise ConnectionError("postgresql://user:secret@db")


def worn() -> str:
    raise Degraded("4711 events wait")


def body(answer: Response) -> Any:
    return json.loads(answer.body)


def test_liveness_asks_nobody() -> None:
    assert Health((Component("database", broken, required=True),)).live(REQUEST).status == 200


def test_readiness_is_503_without_the_database() -> None:
    answer = Health((Component("database", broken, required=True), Component("redis", fine))).ready(REQUEST)
    assert (answer.status, body(answer)["status"]) == (503, "down")


@pytest.mark.parametrize("check", [broken, worn])
def test_without_redis_or_mail_the_server_is_degraded_and_ready(check: Any) -> None:
    answer = Health((Component("database", fine, required=True), Component("redis", check))).ready(REQUEST)
    assert (answer.status, body(answer)["status"]) == (200, "degraded")


def test_the_report_names_each_component_and_no_secret() -> None:
    parts = (Component("database", fine, required=True), Component("mail", broken), Component("redis", lambda: ""))
    answer = Health(parts, version="1.2").report(REQUEST)
    found = body(answer)
    assert {name: part["status"] for name, part in found["components"].items()} == {
        "database": "ok",
        "mail": "down",
        "redis": "off",
    }
    assert b"secret" not in answer.body
    assert found["version"] == "1.2"


def test_checks_are_shared_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(health, "CACHE_SECONDS", 60.0)
    probe = Health((Component("database", lambda: asked.append(1) or "fine", required=True),))  # type: ignore[func-returns-value]
    for _ in range(5):
        probe.ready(REQUEST)
    assert len(asked) == 1


def test_a_check_that_hangs_is_down_and_is_not_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "CHECK_SECONDS", 0.05)
    monkeypatch.setattr(health, "CACHE_SECONDS", 0.0)
    release, started = threading.Event(), []

    def hanging() -> str:
        started.append(1)
        release.wait(30)
        return "fine"

    probe = Health((Component("database", hanging, required=True),))
    assert [probe.ready(REQUEST).status for _ in range(3)] == [503] * 3
    assert len(started) == 1
    release.set()


def test_probes_reach_it_by_any_name_and_are_not_limited() -> None:
    routes = Health(()).routes()
    assert {route.path for route in routes} == {"/health", "/health/live", "/health/ready", "/api/v1/health"}
    assert all(route.any_host and not route.limit for route in routes)
