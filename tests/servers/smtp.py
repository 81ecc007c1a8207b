"""A real SMTP server that keeps what it received, in a thread of the test process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

from tests.servers.process import free_port


@dataclass
class SMTP:
    """A running server. `refuse` makes it answer a temporary failure, as a server in trouble does."""

    port: int
    messages: list[EmailMessage] = field(default_factory=list)
    refuse: bool = False
    host: str = "127.0.0.1"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  the library's name
        if self.refuse:
            return "451 4.3.0 try again later"
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.messages.append(message)
        return "250 2.0.0 accepted"


@contextmanager
def running() -> Iterator[SMTP]:
    """Run a server on a free port."""
    server = SMTP(free_port())
    controller = Controller(server, hostname=server.host, port=server.port)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()
