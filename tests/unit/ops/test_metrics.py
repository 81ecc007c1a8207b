"""The numbers, and who may read them."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from authserver.edge.proxies import MARK
from authserver.ops.metrics import Metrics, exposition
from authserver.protocol.messages import Request
from authserver.telemetry.instruments import Registry, counter, gauge, histogram
from authserver.telemetry.readings import merge

BEARER = {"authorization": "Bearer let-me-see"}


def test_all_recorded_metrics_are_valid_prometheus_text(tmp_path: Path) -> None:
    registry = Registry()
    registry.share(tmp_path)
    counter("a_total", "Help.", ("who",), registry=registry).add('say "hi"\n', by=2)
    gauge("b", "Help.", registry=registry).set(1.5)
    histogram("c_seconds", "Help.", ("who",), (0.1, 1.0), registry=registry).observe(0.5, "me")
    families = {family.name: family for family in text_string_to_metric_families(exposition(merge(tmp_path)).decode())}
    assert [sample.value for sample in families["a"].samples] == [2.0]
    assert families["a"].samples[0].labels == {"who": 'say "hi"\n'}
    assert [sample.value for sample in families["b"].samples] == [1.5]
    buckets = [sample.value for sample in families["c_seconds"].samples if sample.name.endswith("_bucket")]
    assert buckets == [0.0, 1.0, 1.0]


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "127.8.8.8"])
def test_loopback_may_read(tmp_path: Path, address: str) -> None:
    assert Metrics(tmp_path, "").expose(Request("GET", "/metrics", remote_address=address)).status == 200


@pytest.mark.parametrize("address", ["192.0.2.1", "10.0.0.1", "", "nonsense"])
def test_others_may_not(tmp_path: Path, address: str) -> None:
    answer = Metrics(tmp_path, "").expose(Request("GET", "/metrics", remote_address=address))
    assert answer.status == 401
    assert answer.header("WWW-Authenticate")


def test_loopback_behind_a_proxy_is_not_loopback(tmp_path: Path) -> None:
    request = Request("GET", "/metrics", remote_address="127.0.0.1", headers={MARK: "yes"})
    assert Metrics(tmp_path, "").expose(request).status == 401


def test_the_token_opens_it_from_anywhere(tmp_path: Path) -> None:
    request = Request("GET", "/metrics", remote_address="192.0.2.1", headers=BEARER)
    assert Metrics(tmp_path, "let-me-see").expose(request).status == 200


@pytest.mark.parametrize("token", ["", "another"])
def test_a_wrong_token_opens_nothing(tmp_path: Path, token: str) -> None:
    request = Request("GET", "/metrics", remote_address="192.0.2.1", headers=BEARER)
    assert Metrics(tmp_path, token).expose(request).status == 401


def test_scrapers_reach_it_by_any_name(tmp_path: Path) -> None:
    routes = Metrics(tmp_path, "").routes()
    assert {route.path for route in routes} == {"/metrics", "/api/v1/metrics"}
    assert all(route.any_host for route in routes)
