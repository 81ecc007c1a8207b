"""One visit to the token endpoint, in the shape that Authlib's frame reads and with what our phases add."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from authserver.clients.directory import Client
from authserver.protocol.errors import InvalidRequest
from authserver.protocol.messages import Parameters, Request


@dataclass
class Turn:
    """The request at the token endpoint. Parameters come from the body alone (RFC 6749 §3.2)."""

    request: Request
    form: Parameters
    client: Client
    method: str = "POST"
    user: Any = None

    @property
    def payload(self) -> SimpleNamespace:
        """What Authlib looks at to find the grant."""
        return SimpleNamespace(grant_type=self.form.get("grant_type"), scope=self.form.get("scope"))

    def required(self, name: str) -> str:
        """A parameter that must be there. Raises InvalidRequest."""
        value = self.form.get(name)
        if value is None:
            raise InvalidRequest(f"The parameter {name} is missing.", reason=f"{name}_missing", spec="RFC 6749 §5.2")
        return value

    @property
    def resources(self) -> tuple[str, ...]:
        """The resources that were asked for (RFC 8707 §2.2)."""
        return self.form.all("resource")
