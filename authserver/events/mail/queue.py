"""The subscriber that mails: from an event to a letter that was taken, or the reason why none goes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

from authserver.events.deliveries import Undeliverable
from authserver.events.envelope import Opened
from authserver.events.event import Event
from authserver.events.mail import QUEUE
from authserver.events.mail.letters import Letter, Words
from authserver.events.mail.message import compose
from authserver.events.mail.server import MailServer, own_name
from authserver.settings import Settings
from authserver.telemetry.instruments import counter
from authserver.telemetry.logs import get_logger

LIMIT: Final = "mail"

_logger = get_logger(__name__)
_MAILS: Final = counter("authserver_mails_total", "Mails that were sent, tried or left out.", ("result",))


class Author(Protocol):
    """Somebody who knows what to write about some events."""

    @property
    def types(self) -> frozenset[str]:
        """The event types it writes about; no other author does."""

    def write(self, event: Event) -> Letter | None:
        """The letter about `event` as things are now; None when nobody is to be told, or not any more."""


class Limiter(Protocol):
    """Counts mails by person."""

    def check(self, name: str, subject: str) -> object | None:
        """Why there may be no more now, or None; counts nothing."""

    def fail(self, name: str, subject: str) -> None:
        """Count one."""


class MailQueue:
    """Mails what its authors write. Only letters that were taken count against the limit of a person."""

    def __init__(
        self, settings: Settings, authors: Iterable[Author], limiter: Limiter, server: MailServer | None = None
    ) -> None:
        self._authors = {name: author for author in authors for name in author.types}
        self._limiter = limiter
        self._server = server or MailServer(settings)
        self._words = Words(settings.issuer, settings.default_locale)
        self._sender = settings.smtp_from
        self._name = own_name(settings.issuer)

    @property
    def name(self) -> str:
        """The name of the queue."""
        return QUEUE

    @property
    def types(self) -> frozenset[str]:
        """What there is an author for."""
        return frozenset(self._authors)

    def deliver(self, opened: Opened) -> None:
        """Mail the letter about this event, if there is to be one.

        Raises:
            MailFailed: not now.
            Undeliverable: never.
        """
        letter = self._authors[opened.event.type].write(opened.event)
        if letter is None:
            _MAILS.add("unwanted")
        elif self._limiter.check(LIMIT, letter.user_id) is not None:
            _MAILS.add("limited")
            _logger.warning("a person got as many mails as may be", extra={"user_id": letter.user_id})
        else:
            self._send(letter, opened.event_id)

    def _send(self, letter: Letter, event_id: str) -> None:
        message_id = f"{event_id}@{self._name}"
        try:
            written = self._words.write(letter)
            self._server.send(compose(written, sender=self._sender, mailbox=letter.mailbox, message_id=message_id))
        except Undeliverable:
            _MAILS.add("refused")
            raise
        except Exception:
            _MAILS.add("failed")
            raise
        _MAILS.add("sent")
        self._limiter.fail(LIMIT, letter.user_id)
