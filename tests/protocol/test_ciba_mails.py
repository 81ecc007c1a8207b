"""The person whom a client asks in the background hears of it by mail (CIBA Core §8)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from authserver import storage
from authserver.events import worker
from authserver.ops.components import components
from authserver.ops.health import Health
from authserver.ops.subscribers import subscribers
from authserver.protocol import validity
from authserver.storage.models.clients import ClientRecord
from tests.ciba import Background, decide, install_background
from tests.installation import Installation
from tests.servers import smtp
from tests.servers.process import free_port
from tests.servers.smtp import SMTP

MESSAGE = "Transfer 4711, see https://evil.example/now"


@pytest.fixture
def make_bank(make_server: Callable[..., Installation]) -> Callable[..., Background]:
    """A client at a server that mails through the mail server on this port."""

    def make(port: int, **settings: Any) -> Background:
        mailing = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_security": "none"}
        server = make_server(**mailing | {"smtp_from": "Login <no-reply@login.example>"} | settings)
        return install_background(server)

    return make


@pytest.fixture
def bank(make_bank: Callable[..., Background], smtp_server: SMTP) -> Background:
    """A client, and `alice`, whose address is verified."""
    made = make_bank(smtp_server.port)
    made.installation.add_user()
    return made


def work(server: Installation) -> None:
    """What the worker does with what there is to do."""
    database = storage.open(server.settings)
    try:
        worker.build(server.settings, database, subscribers=subscribers(server.settings, database)).run_once()
    finally:
        database.close()


def change_user(server: Installation, **values: Any) -> None:
    with server.unit() as unit:
        user = unit.users.get(server.users["alice"].id)
        for name, value in values.items():
            setattr(user, name, value)


def waiting(server: Installation) -> int:
    """How many mails wait for another attempt."""
    with server.reading() as unit:
        return int(unit.outbox.count_deliveries())


@pytest.fixture
def mailed(bank: Background, smtp_server: SMTP) -> tuple[str, str, str]:
    """Subject, text and HTML of the mail about one request."""
    bank.start(binding_message=MESSAGE)
    work(bank.installation)
    (message,) = smtp_server.messages
    plain, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None
    assert html is not None
    return message["Subject"], plain.get_content(), html.get_content()


def test_the_person_is_told_who_asks_and_where_to_answer(mailed: tuple[str, str, str], smtp_server: SMTP) -> None:
    subject, plain, html = mailed
    assert subject == "Acme Bank waits for your answer"
    assert smtp_server.recipients == ["alice@example.com"]
    for text in (plain, html):
        assert "http://127.0.0.1:8000/approvals" in text
        assert "Transfer 4711" in text
        assert "do not allow it" in text
        assert "UTC" in text


def test_what_the_client_wrote_is_no_link(mailed: tuple[str, str, str]) -> None:
    assert all("https://evil" not in text and "evil.example" not in text for text in mailed)


def test_the_mail_holds_nothing_that_answers(mailed: tuple[str, str, str], bank: Background) -> None:
    assert all(bank.auth_req_id not in text for text in mailed)
    assert mailed[2].count("href=") == 1


def test_the_mail_speaks_the_language_of_the_person(bank: Background, smtp_server: SMTP) -> None:
    change_user(bank.installation, claims={"locale": "de-CH"})
    bank.start()
    work(bank.installation)
    assert smtp_server.messages[0]["Subject"] == "Acme Bank wartet auf Ihre Antwort"


@pytest.mark.parametrize(
    "values", [{"email_verified": False}, {"email": None, "email_key": None}, {"is_active": False}]
)
def test_who_has_no_verified_address_gets_no_mail(bank: Background, smtp_server: SMTP, values: dict[str, Any]) -> None:
    bank.start()
    change_user(bank.installation, **values)
    work(bank.installation)
    assert smtp_server.messages == []
    assert waiting(bank.installation) == 0


def test_an_international_domain_is_written_to_in_ascii(bank: Background, smtp_server: SMTP) -> None:
    change_user(bank.installation, email="Ada.L@exämple.com", email_key="ada.l@xn--exmple-cua.com")
    bank.start()
    work(bank.installation)
    assert smtp_server.recipients == ["Ada.L@xn--exmple-cua.com"]


@pytest.mark.parametrize("action", ["allow", "deny"])
def test_an_answered_request_is_not_mailed(bank: Background, smtp_server: SMTP, action: str) -> None:
    bank.start()
    decide(bank.installation, action)
    work(bank.installation)
    assert smtp_server.messages == []


def test_an_expired_request_is_not_mailed(bank: Background, smtp_server: SMTP) -> None:
    bank.start()
    with time_machine.travel(validity.now() + timedelta(seconds=301)):
        work(bank.installation)
    assert smtp_server.messages == []


@pytest.mark.parametrize("values", [{"enabled": False}, {"grant_types": ["refresh_token"]}])
def test_a_client_that_may_not_ask_any_more_is_not_mailed_about(
    bank: Background, smtp_server: SMTP, values: dict[str, Any]
) -> None:
    bank.start()
    with bank.installation.unit() as unit:
        client = unit.session.get(ClientRecord, "bank")
        for name, value in values.items():
            setattr(client, name, value)
    work(bank.installation)
    assert smtp_server.messages == []


def test_a_mail_waits_while_the_mail_server_is_down(make_bank: Callable[..., Background]) -> None:
    port = free_port()
    bank = make_bank(port)
    bank.installation.add_user()
    bank.start()
    work(bank.installation)
    assert waiting(bank.installation) == 1
    with smtp.running(port) as server:
        work(bank.installation)
        assert server.messages == []
        with time_machine.travel(validity.now() + timedelta(seconds=60)):
            work(bank.installation)
        assert len(server.messages) == 1
    assert waiting(bank.installation) == 0


@pytest.mark.parametrize(("answer", "left"), [("550 5.1.1 unknown", 0), ("450 4.2.1 busy", 1)])
def test_a_refusal_for_good_is_not_tried_again(bank: Background, smtp_server: SMTP, answer: str, left: int) -> None:
    smtp_server.recipient_answer = answer
    bank.start()
    work(bank.installation)
    assert waiting(bank.installation) == left
    with bank.installation.unit() as unit:
        assert unit.outbox.remove_failed(validity.after(60), 10) == 1 - left


def test_a_person_gets_so_many_mails_and_no_more(make_bank: Callable[..., Background], smtp_server: SMTP) -> None:
    bank = make_bank(smtp_server.port, rate_limit_mail="2/hour")
    for name in ("alice", "bob"):
        bank.installation.add_user(name)
        for _ in range(3):
            bank.start(login_hint=name)
    work(bank.installation)
    assert sorted(smtp_server.recipients) == ["alice@example.com"] * 2 + ["bob@example.com"] * 2
    assert waiting(bank.installation) == 0


def test_a_mail_that_was_not_taken_does_not_count(make_bank: Callable[..., Background], smtp_server: SMTP) -> None:
    bank = make_bank(smtp_server.port, rate_limit_mail="1/hour")
    bank.installation.add_user()
    smtp_server.refuse = True
    bank.start()
    work(bank.installation)
    smtp_server.refuse = False
    with time_machine.travel(validity.now() + timedelta(seconds=60)):
        work(bank.installation)
    assert len(smtp_server.messages) == 1


def test_without_a_mail_server_nothing_is_queued(server: Installation) -> None:
    server.add_user()
    install_background(server).start()
    assert subscribers(server.settings, server.services.database) == ()
    work(server)
    assert waiting(server) == 0


def test_health_tells_of_mails_that_wait_for_another_attempt(bank: Background, smtp_server: SMTP) -> None:
    server = bank.installation

    def found() -> str:
        probe = Health(components(server.settings, server.services.database))
        assert probe.overall(probe.findings()) != "down"
        return probe.findings()["mail"].status

    assert found() == "ok"
    smtp_server.refuse = True
    bank.start()
    work(server)
    assert found() == "degraded"
