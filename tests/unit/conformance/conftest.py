"""A fake suite, and what `authserver conformance prepare` would have written for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.plans.catalog import RUNS
from conformance.plans.configuration import FORMAT
from tests.unit.conformance.fake_suite import FakeSuite, running

OP = "https://op.example"


@pytest.fixture
def suite() -> Iterator[FakeSuite]:
    """A suite that runs."""
    with running(FakeSuite()) as found:
        yield found


def document(suite: str, **more: Any) -> dict[str, Any]:
    """What was prepared, with every set of clients that some run wants."""
    names = {run.clients for run in RUNS if run.clients}
    clients = {name: {"client_id": name} for name in ("client", "client2")}
    return {
        "format": FORMAT,
        "issuer": OP,
        "mtls_issuer": "https://mtls.op.example",
        "suite": suite,
        "user": {"username": "alice", "password": "wonderland"},
        "sets": {name: {"alias": f"x-{name}", **clients} for name in names},
        "initial_access_tokens": {"oidc": "iat-oidc"},
        "resource": f"{OP}/oauth2/userinfo",
        "approvals": {"url": f"{OP}/approve"},
        **more,
    }


@pytest.fixture
def clients_file(tmp_path: Path) -> Callable[..., Path]:
    """Write what was prepared for the suite at an address."""

    def write(suite: str, **more: Any) -> Path:
        path = tmp_path / "clients.json"
        path.write_text(json.dumps(document(suite, **more)))
        return path

    return write
