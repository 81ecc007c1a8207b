"""Is this server alive, may it get requests, and how are the parts it depends on.

Liveness asks nobody. Readiness is 503 when the database is down and 200,
`degraded`, when Redis or mail is: the service goes on without them. Checks run
in threads with a time limit, and their results are shared for two seconds, so
that probes cannot become load.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from dataclasses import dataclass
from typing import Literal

from authserver.edge.routes import Route
from authserver.protocol.messages import Request, Response, json_response
from authserver.telemetry.logs import get_logger

_log = get_logger(__name__)

Status = Literal["ok", "degraded", "down", "off"]
Check = Callable[[], str]

CHECK_SECONDS = 2.0
CACHE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Component:
    """Something this server depends on.

    Attributes:
        check: returns a word about it, or raises; an empty word means it is not configured.
        required: whether nothing works without it.
    """

    name: str
    check: Check
    required: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """How a component is: its status, a word about it and how long the check took."""

    status: Status
    detail: str
    milliseconds: float


class Health:
    """The endpoints and the checks behind them."""

    def __init__(self, components: tuple[Component, ...], *, version: str = "") -> None:
        self._components = components
        self._version = version
        self._lock = threading.Lock()
        self._checkers: ThreadPoolExecutor | None = None
        self._pending: dict[str, Future[Finding]] = {}
        self._found: Mapping[str, Finding] = {}
        self._fresh_until = 0.0

    def routes(self) -> tuple[Route, ...]:
        """The paths probes ask, on whatever name or address they reach the server by."""
        paths = {
            "/health/live": self.live,
            "/health/ready": self.ready,
            "/health": self.report,
            "/api/v1/health": self.report,
        }
        return tuple(Route(("GET",), path, handler, limit="", any_host=True) for path, handler in paths.items())

    def live(self, _request: Request) -> Response:
        """Whether the process answers at all; no database, no lock."""
        return json_response({"status": "ok"})

    def ready(self, _request: Request) -> Response:
        """Whether requests may be sent here."""
        status = self.overall(self.findings())
        return json_response({"status": status}, 503 if status == "down" else 200)

    def report(self, _request: Request) -> Response:
        """The status of each component."""
        findings = self.findings()
        status = self.overall(findings)
        components = {
            name: {"status": finding.status, "detail": finding.detail, "milliseconds": finding.milliseconds}
            for name, finding in findings.items()
        }
        body = {"status": status, "version": self._version, "components": components}
        return json_response(body, 503 if status == "down" else 200)

    def overall(self, findings: Mapping[str, Finding]) -> Status:
        """Down with a required component, degraded with another."""
        unwell = {name for name, finding in findings.items() if finding.status in {"down", "degraded"}}
        if any(item.required and findings[item.name].status == "down" for item in self._components):
            return "down"
        return "degraded" if unwell else "ok"

    def findings(self) -> Mapping[str, Finding]:
        """How the components are, at most two seconds ago."""
        with self._lock:
            if time.monotonic() >= self._fresh_until:
                self._found = self._examine()
                self._fresh_until = time.monotonic() + CACHE_SECONDS
            return self._found

    def _examine(self) -> dict[str, Finding]:
        if self._checkers is None:
            self._checkers = ThreadPoolExecutor(len(self._components) or 1, "health")
        for component in self._components:
            # A check that still hangs from last time is not started again: its thread is the only one it may hold.
            if component.name not in self._pending:
                self._pending[component.name] = self._checkers.submit(_examined, component)
        deadline = time.monotonic() + CHECK_SECONDS
        return {item.name: self._result(item, deadline - time.monotonic()) for item in self._components}

    def _result(self, component: Component, seconds: float) -> Finding:
        try:
            finding = self._pending[component.name].result(max(0.0, seconds))
        except TookTooLong:
            return Finding("down", "does not answer in time", CHECK_SECONDS * 1000)
        del self._pending[component.name]
        return finding


def _examined(component: Component) -> Finding:
    began = time.perf_counter()
    try:
        detail = component.check()
        status: Status = "ok" if detail else "off"
    except Degraded as degraded:
        status, detail = "degraded", str(degraded)
    except Exception as error:
        # The error's text may hold addresses and credentials; its kind is enough for a stranger.
        _log.warning("health: a component is down", extra={"component": component.name}, exc_info=error)
        status, detail = "down", type(error).__name__
    return Finding(status, detail, round((time.perf_counter() - began) * 1000, 2))


class Degraded(Exception):
    """Raised by a check: the component works, but not as it should."""
