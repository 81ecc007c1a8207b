"""The HTTP API of a suite that runs already."""

from __future__ import annotations

import json
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CREATED_BUT_WAITING = "CONFIGURED"
"""The state of a module that waits for its operator."""
ENDED = frozenset({"FINISHED", "INTERRUPTED"})

REQUEST_SECONDS = 120
POLL_SECONDS = 0.25


class SuiteError(Exception):
    """The suite answered something that a run cannot go on with, or did not answer."""


@dataclass(frozen=True, slots=True)
class Suite:
    """A running suite.

    Attributes:
        base_url: its public address.
        context: whom to trust for its certificate.
        token: an API token; a suite in development mode asks for none.
    """

    base_url: str
    context: ssl.SSLContext | None = field(default=None, repr=False)
    token: str = field(default="", repr=False)

    def call(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        """One request; the decoded answer.

        Raises:
            SuiteError: there was no answer, or it was no success.
        """
        url = f"{self.base_url}/api/{path}" + (f"?{urllib.parse.urlencode(query)}" if query else "")
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - an address of the operator's
        try:
            with urllib.request.urlopen(request, timeout=REQUEST_SECONDS, context=self.context) as answer:  # noqa: S310
                content = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                said = error.read()[:600].decode(errors="replace")
            raise SuiteError(f"{method} {path}: {error.code} {said}") from error
        except OSError as error:
            raise SuiteError(f"{method} {path}: {error}") from error
        return json.loads(content) if content else None

    def version(self) -> str:
        """The version that the suite says it is."""
        found = self.call("GET", "server")
        return str(found.get("version") or "unknown")

    def create_plan(self, name: str, variant: Mapping[str, str], config: Mapping[str, Any]) -> Any:
        """A new plan: its `id` and its `modules`."""
        return self.call("POST", "plan", config, planName=name, variant=json.dumps(dict(variant)))

    def create_module(self, plan_id: str, module: Mapping[str, Any]) -> str:
        """Start a module of a plan; its id."""
        variant = json.dumps(module.get("variant") or {})
        made = self.call("POST", "runner", test=str(module["testModule"]), plan=plan_id, variant=variant)
        return str(made["id"])

    def info(self, module_id: str) -> dict[str, Any]:
        """State and result of a module."""
        return dict(self.call("GET", f"info/{module_id}"))

    def wait(self, module_id: str, states: Collection[str], seconds: float) -> str | None:
        """Wait until the module is in one of the states; the state, or None when time is up."""
        deadline = time.monotonic() + seconds
        while True:
            status = str(self.info(module_id)["status"])
            if status in states:
                return status
            if (left := deadline - time.monotonic()) <= 0:
                return None
            time.sleep(min(POLL_SECONDS, left))

    def start(self, module_id: str) -> None:
        """Start a module that was waiting for its operator."""
        self.call("POST", f"runner/{module_id}")

    def stop(self, module_id: str) -> Any:
        """End a module that does not end by itself; the addresses that it wanted somebody to visit."""
        waiting = self.call("GET", f"runner/{module_id}").get("browser") or {}
        self.call("DELETE", f"runner/{module_id}")
        return waiting.get("urls")

    def log(self, module_id: str) -> list[dict[str, Any]]:
        """Everything that the module wrote down."""
        return list(self.call("GET", f"log/{module_id}"))


def trust(ca: Path | None, *, insecure: bool = False) -> ssl.SSLContext:
    """Whom to trust for the suite's certificate: an authority's file, else the system's, or anybody at all."""
    context = ssl.create_default_context(cafile=None if ca is None else str(ca))
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
