"""Mails reach a real SMTP server, over TLS that is verified; what it answers is told apart."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from authserver.events.breaker import FAILURES, Breaker
from authserver.events.deliveries import LEASE_SECONDS
from authserver.events.mail.server import MailFailed, MailRefused, MailServer, own_name
from authserver.settings.schema import DEFINITIONS
from tests.servers import smtp
from tests.servers.process import free_port
from tests.servers.smtp import PASSWORD, SMTP, USERNAME
from tests.servers.tls import Certificate, certificate

MakeServer = Callable[..., MailServer]


@pytest.fixture
def make_mail_server(make_settings: Callable[..., Any]) -> MakeServer:
    """A mail server of the product for one that listens on this port."""

    def make(port: int, security: str = "none", *, breaker: Breaker | None = None, **values: Any) -> MailServer:
        values = {"smtp_host": "127.0.0.1", "smtp_from": "Login <no-reply@login.example>"} | values
        return MailServer(make_settings(smtp_port=port, smtp_security=security, **values), breaker)

    return make


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Certificate:
    """A certificate that this machine trusts."""
    made = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.certfile))
    return made


def mail(recipient: str = "ada@example.com") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "no-reply@login.example", recipient, "Hello"
    message.set_content("Hello")
    return message


def test_a_mail_is_handed_over(make_mail_server: MakeServer, smtp_server: SMTP) -> None:
    make_mail_server(smtp_server.port).send(mail())
    assert smtp_server.recipients == ["ada@example.com"]


def test_credentials_are_given_over_starttls(make_mail_server: MakeServer, trusted: Certificate) -> None:
    with smtp.running(certificate=trusted) as server:
        sender = make_mail_server(server.port, "starttls", smtp_username=USERNAME, smtp_password=PASSWORD)
        sender.send(mail())
    assert (len(server.messages), server.signed_in) == (1, [USERNAME])


def test_tls_may_begin_with_the_first_byte(make_mail_server: MakeServer, trusted: Certificate) -> None:
    with smtp.running(certificate=trusted, over_tls=True) as server:
        make_mail_server(server.port, "tls").send(mail())
    assert len(server.messages) == 1


@pytest.mark.parametrize(("security", "over_tls"), [("starttls", False), ("tls", True)])
def test_a_certificate_that_nobody_vouches_for_ends_it(
    make_mail_server: MakeServer, tmp_path: Path, security: str, over_tls: bool
) -> None:
    with smtp.running(certificate=certificate(tmp_path), over_tls=over_tls) as server:
        sender = make_mail_server(server.port, security, smtp_username=USERNAME, smtp_password=PASSWORD)
        with pytest.raises(MailFailed, match="SSLCertVerificationError"):
            sender.send(mail())
    assert (server.messages, server.signed_in) == ([], [])


def test_a_certificate_of_another_name_ends_it(make_mail_server: MakeServer, trusted: Certificate) -> None:
    there = smtp.running(host="127.0.0.2", certificate=trusted, over_tls=True)
    with there as server, pytest.raises(MailFailed, match="mismatch"):
        make_mail_server(server.port, "tls", smtp_host=server.host).send(mail())
    assert server.messages == []


def test_without_starttls_nothing_goes_in_the_clear(make_mail_server: MakeServer, smtp_server: SMTP) -> None:
    with pytest.raises(MailFailed, match="SMTPNotSupportedError"):
        make_mail_server(smtp_server.port, "starttls").send(mail())
    assert smtp_server.messages == []


def test_a_wrong_password_is_for_now_and_not_told(make_mail_server: MakeServer, trusted: Certificate) -> None:
    with smtp.running(certificate=trusted) as server:
        sender = make_mail_server(server.port, "starttls", smtp_username=USERNAME, smtp_password="wrong-one")
        with pytest.raises(MailFailed, match="SMTPAuthenticationError 535") as failed:
            sender.send(mail())
    assert "wrong-one" not in repr(failed.value)


def test_of_a_password_that_cannot_be_sent_nothing_is_told(make_mail_server: MakeServer, trusted: Certificate) -> None:
    with smtp.running(certificate=trusted) as server:
        sender = make_mail_server(server.port, "starttls", smtp_username=USERNAME, smtp_password="geheim-\u00fc")
        with pytest.raises(MailFailed) as failed:
            sender.send(mail())
    assert str(failed.value) == "UnicodeEncodeError"
    assert failed.value.__suppress_context__


@pytest.mark.parametrize(
    ("field", "answer", "error"),
    [
        ("recipient_answer", "550 5.1.1 <ada@example.com> unknown", MailRefused),
        ("recipient_answer", "450 4.2.1 <ada@example.com> busy", MailFailed),
        ("data_answer", "554 5.7.1 ada@example.com wants no such mail", MailRefused),
        ("data_answer", "451 4.3.0 ada@example.com later", MailFailed),
    ],
)
def test_answers_are_told_apart_and_name_nobody(
    make_mail_server: MakeServer, smtp_server: SMTP, field: str, answer: str, error: type[Exception]
) -> None:
    setattr(smtp_server, field, answer)
    with pytest.raises(error, match=answer[:3]) as refused:
        make_mail_server(smtp_server.port).send(mail())
    assert "ada" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_an_address_that_the_server_cannot_take_is_refused(make_mail_server: MakeServer) -> None:
    with smtp.running(enable_SMTPUTF8=False) as server, pytest.raises(MailRefused, match="ASCII"):
        make_mail_server(server.port).send(mail("jürgen@example.com"))


def test_an_address_beyond_ascii_is_delivered_where_it_can_be(make_mail_server: MakeServer, smtp_server: SMTP) -> None:
    make_mail_server(smtp_server.port).send(mail("jürgen@example.com"))
    assert smtp_server.recipients == ["jürgen@example.com"]


def test_a_server_that_says_nothing_is_not_waited_for(make_mail_server: MakeServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(MailFailed):
        make_mail_server(silent.getsockname()[1], smtp_timeout=1).send(mail())


def test_a_server_that_answers_byte_by_byte_is_not_waited_for(make_mail_server: MakeServer) -> None:
    """Each byte comes in time; the answer does not."""
    sent = []

    def drip(slow: socket.socket) -> None:
        connection, _ = slow.accept()
        with connection, suppress(OSError):
            while len(sent) < 100:
                connection.sendall(b"2")
                sent.append(1)
                time.sleep(0.1)

    with socket.create_server(("127.0.0.1", 0)) as slow, ThreadPoolExecutor(1) as server:
        server.submit(drip, slow)
        with pytest.raises(MailFailed):
            make_mail_server(slow.getsockname()[1], smtp_timeout=1).send(mail())
    assert len(sent) < 100


def test_a_mail_has_no_longer_than_its_delivery_is_held() -> None:
    """One that began as late as may be is over before another worker gets it, so that it is not sent twice."""
    assert (DEFINITIONS["smtp_timeout"].maximum or LEASE_SECONDS) <= LEASE_SECONDS / 2


def test_a_server_that_is_down_is_left_alone_for_a_while(make_mail_server: MakeServer) -> None:
    now, port = [0.0], free_port()
    sender = make_mail_server(port, breaker=Breaker(lambda: now[0]))
    for _ in range(FAILURES):
        with pytest.raises(MailFailed, match="refused"):
            sender.send(mail())
    with smtp.running(port) as server:
        with pytest.raises(MailFailed, match="left alone"):
            sender.send(mail())
        assert server.sessions == 0
        now[0] = 31.0
        sender.send(mail())
    assert len(server.messages) == 1


@pytest.mark.parametrize(
    ("issuer", "name"),
    [
        ("https://login.example/tenant", "login.example"),
        ("http://127.0.0.1:8000", "[127.0.0.1]"),
        ("http://[::1]:8000", "[IPv6:::1]"),
        ("", "localhost"),
    ],
)
def test_the_server_introduces_itself_by_its_public_name(issuer: str, name: str) -> None:
    assert own_name(issuer) == name
