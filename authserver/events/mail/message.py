"""The mail of a letter: headers that nobody can add to, plain text and HTML (RFC 5322, RFC 2046 §5.1.4)."""

from __future__ import annotations

import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final

from authserver.events.deliveries import Undeliverable
from authserver.events.mail.letters import Written
from authserver.protocol import validity

LONGEST_MAILBOX: Final = 254
ENCODED_WORD: Final = "=?"
"""How an encoded word begins (RFC 2047 §2). What others wrote is not decoded: it may hold lines."""
_MAILBOX: Final = re.compile(r"[^\s@<>()\[\],;:\\\"]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")


class UnusableMailbox(Undeliverable):
    """The address is not one that mail may be sent to."""


def compose(written: Written, *, sender: str, mailbox: str, message_id: str) -> EmailMessage:
    """The mail of `written` from `sender` to `mailbox`.

    `message_id` is `left@right` and the same for every attempt, so that a mail that was sent twice can be known.

    Raises:
        UnusableMailbox: `mailbox` is more or less than one plain address.
        ValueError: a header would have more than one line.
    """
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = _recipient(mailbox)
    message["Subject"] = written.subject.replace(ENCODED_WORD, "= ?")
    message["Date"] = validity.now()
    message["Message-ID"] = f"<{message_id}>"
    # RFC 3834 §5: nobody's holiday note answers, and no answer comes back to be answered.
    message["Auto-Submitted"] = "auto-generated"
    # Quoted-printable, because not every server on the way takes eight bits.
    message.set_content(written.plain, cte="quoted-printable")
    message.add_alternative(written.html, subtype="html", cte="quoted-printable")
    # Afterwards, because the first part takes every header about content that is there before.
    message["Content-Language"] = written.language
    if any("\n" in str(value) or "\r" in str(value) for value in message.values()):
        raise ValueError("a header would have a linefeed")
    return message


def _recipient(mailbox: str) -> Address:
    """The one address in `mailbox`: a second one, a name or a header has no place in what this accepts."""
    is_long = len(mailbox) > LONGEST_MAILBOX
    if is_long or ENCODED_WORD in mailbox or not mailbox.isprintable() or _MAILBOX.fullmatch(mailbox) is None:
        raise UnusableMailbox("the address is not one that mail may be sent to")
    username, _, domain = mailbox.rpartition("@")
    return Address(username=username, domain=domain)
