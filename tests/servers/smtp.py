"""A real SMTP server that keeps what it received, in a thread of the test process."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from tests.servers.process import free_port
from tests.servers.tls import Certificate

USERNAME, PASSWORD = "mailer", "s3cret-of-the-mailer"


@dataclass
class SMTP:
    """A running server. `refuse` makes it answer a temporary failure, as a server in trouble does.

    `recipient_answer` and `data_answer` are what it says instead to each recipient and to each mail.
    """

    port: int
    messages: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    signed_in: list[str] = field(default_factory=list)
    refuse: bool = False
    recipient_answer: str = ""
    data_answer: str = ""
    sessions: int = 0
    host: str = "127.0.0.1"

    async def handle_EHLO(  # noqa: N802  the library's name
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        self.sessions += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, rcpt_options: list[str]
    ) -> str:
        if self.recipient_answer:
            return self.recipient_answer
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.refuse or self.data_answer:
            return self.data_answer or "451 4.3.0 try again later"
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.messages.append(message)
        self.recipients += envelope.rcpt_tos
        return "250 2.0.0 accepted"

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
        """Whether this is the mailer."""
        known = (given.login, given.password) == (USERNAME.encode(), PASSWORD.encode())
        if known:
            self.signed_in.append(USERNAME)
        return AuthResult(success=known, handled=False)


@contextmanager
def running(
    port: int | None = None,
    *,
    host: str = "127.0.0.1",
    certificate: Certificate | None = None,
    over_tls: bool = False,
    **options: Any,
) -> Iterator[SMTP]:
    """Run a server on a free port.

    With a certificate it offers STARTTLS and lets in nobody who has not signed in over it; `over_tls` makes it speak
    TLS from the first byte instead.
    """
    server = SMTP(port or free_port(), host=host)
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate.certfile, certificate.keyfile)
        signed_in = {"authenticator": server.authenticate, "auth_required": True}
        options |= {"ssl_context": context} if over_tls else {"tls_context": context} | signed_in
    controller = Controller(server, hostname=server.host, port=server.port, **options)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()
