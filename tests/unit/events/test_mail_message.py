"""What a mail is made of, and that nothing that others wrote becomes a header, a recipient or markup."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
import time_machine

from authserver.events.mail.letters import Letter, Words, Written
from authserver.events.mail.message import UnusableMailbox, compose
from authserver.protocol import validity

WRITTEN = Written("Grüße", "Guten Tag\n", "<p>Guten Tag</p>", "de")
NASTY = "Acme\r\nBcc: mallory@evil.example\r\n\r\n<script>alert(1)</script>"


def composed(written: Written = WRITTEN, mailbox: str = "ada@example.com") -> EmailMessage:
    """The mail as a receiver reads it."""
    sent = compose(written, sender="Login <no-reply@login.example>", mailbox=mailbox, message_id="7@login.example")
    return message_from_bytes(sent.as_bytes(), policy=policy.default)


def approval(**values: Any) -> Letter:
    """A letter about a request."""
    moment = validity.now()
    known = {"application": "Acme Bank", "message": "", "page": "https://login.example/approvals"}
    moments = {"requested_at": moment, "expires_at": moment}
    return Letter("u", "ada@example.com", "approval", known | moments | values, values.pop("locale", ""))


@pytest.fixture(scope="module")
def words() -> Words:
    return Words("https://login.example", "en")


def text_of(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_a_mail_says_what_it_is(frozen_time: time_machine.Traveller) -> None:
    message = composed()
    assert {name: message[name] for name in ("From", "To", "Subject", "Message-ID", "Auto-Submitted")} == {
        "From": "Login <no-reply@login.example>",
        "To": "ada@example.com",
        "Subject": "Grüße",
        "Message-ID": "<7@login.example>",
        "Auto-Submitted": "auto-generated",
    }
    assert message["Date"].datetime == validity.now()
    assert message["Content-Language"] == "de"


def test_a_mail_is_text_and_html() -> None:
    message = composed()
    assert message.get_content_type() == "multipart/alternative"
    assert text_of(message, "plain").strip() == "Guten Tag"
    assert text_of(message, "html").strip() == "<p>Guten Tag</p>"
    assert all(byte < 128 for byte in message.as_bytes())


@pytest.mark.parametrize(
    "mailbox",
    [
        "ada@example.com\r\nBcc: mallory@evil.example",
        "ada@example.com\nX: y",
        "ada@example.com, mallory@evil.example",
        "ada@example.com;mallory@evil.example",
        "Ada <ada@example.com>",
        "ada@example.com>",
        '"ada mallory"@example.com',
        "ada@evil.example@example.com",
        "ada mallory@example.com",
        "ada\u2028@example.com",
        "ada\x00@example.com",
        "=?utf-8?q?ada=0d=0aBcc=3amallory=40evil.example?=@example.com",
        "ada@exämple.com",
        "ada@[127.0.0.1]",
        "@example.com",
        "ada@",
        "ada",
        "",
        "a" * 65 + "@example.com",
        "ada@" + "e" * 250 + ".com",
    ],
)
def test_what_is_not_one_plain_address_gets_nothing(mailbox: str) -> None:
    with pytest.raises(UnusableMailbox):
        composed(mailbox=mailbox)


@pytest.mark.parametrize("mailbox", ["ada+tag@example.com", "o'hara@xn--exmple-cua.com", "root@localhost"])
def test_plain_addresses_are_written_to(mailbox: str) -> None:
    assert composed(mailbox=mailbox)["To"] == mailbox


def test_a_subject_of_two_lines_is_an_error() -> None:
    with pytest.raises(ValueError, match="linefeed"):
        composed(Written("Hello\r\nBcc: mallory@evil.example", "", "", "en"))


@pytest.mark.parametrize(
    "encoded",
    [
        "=?utf-8?q?Acme=0d=0aBcc=3amallory=40evil.example=0d=0a=0d=0aClick?=",
        "=?utf-8?b?QQ0KQmNjOiBtYWxsb3J5QGV2aWwuZXhhbXBsZQ==?=",
        "Acme=?utf-8?q?=0aBcc=3amallory=40evil.example?=",
        "==??utf-8?q?=0aBcc=3amallory=40evil.example?=",
    ],
)
def test_an_encoded_word_in_a_name_is_text(words: Words, encoded: str) -> None:
    message = composed(words.write(approval(application=encoded)))
    assert message["Bcc"] is None
    assert set(message.keys()) == set(composed().keys())
    # A long line is folded before its first word.
    assert message["Subject"].strip() == f"{encoded.replace('=?', '= ?')} waits for your answer"


def test_a_name_with_line_breaks_adds_no_header(words: Words) -> None:
    message = composed(words.write(approval(application=NASTY)))
    assert message["Bcc"] is None
    assert "\n" not in message["Subject"]
    assert message["Subject"].startswith("Acme Bcc: ")
    assert set(message.keys()) == set(composed().keys())


def test_markup_of_others_is_text(words: Words) -> None:
    written = words.write(approval(application="<b>A</b>", message='<a href="https://evil.example">'))
    assert "<b>" not in written.html
    assert "evil.example</" not in written.html
    assert "&lt;b&gt;A&lt;/b&gt;" in written.html
    assert "<b>A</b>" in written.plain


def test_a_long_or_foreign_name_arrives_as_it_is(words: Words) -> None:
    written = words.write(approval(application="Überweisungs-Büro 漢字 " * 3, locale=""))
    assert composed(written)["Subject"] == written.subject


@pytest.mark.parametrize(
    ("locale", "subject"),
    [
        ("de-AT", "Acme Bank wartet auf Ihre Antwort"),
        ("en-GB", "Acme Bank waits for your answer"),
        ("tlh", "Acme Bank waits for your answer"),
        ("", "Acme Bank waits for your answer"),
    ],
)
def test_a_letter_speaks_the_language_of_its_reader(words: Words, locale: str, subject: str) -> None:
    letter = approval()
    written = words.write(Letter(letter.user_id, letter.mailbox, letter.template, letter.values, locale))
    assert written.subject == subject
    assert written.language == ("de" if locale == "de-AT" else "en")


def test_the_default_language_is_the_operators() -> None:
    assert Words("https://login.example", "de").write(approval()).language == "de"
