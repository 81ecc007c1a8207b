"""Who hears of events besides the audit log, in this installation."""

from __future__ import annotations

from authserver.clients import policy as policies
from authserver.clients.approval_mails import ApprovalMails
from authserver.clients.directory import ClientDirectory
from authserver.crypto.sealing import Sealer
from authserver.crypto.secrets import ClientSecrets
from authserver.events.deliveries import Subscriber
from authserver.events.mail.queue import MailQueue
from authserver.risk.rate_limits import rate_limiter
from authserver.settings.schema import Settings
from authserver.storage.database import Database


def subscribers(settings: Settings, database: Database) -> tuple[Subscriber, ...]:
    """The subscribers; without a mail server nothing is queued for mail."""
    return (mail_queue(settings, database),) if settings.smtp_host else ()


def mail_queue(settings: Settings, database: Database) -> MailQueue:
    """What mails people."""
    sealer = Sealer.of(settings.sealing_key)
    clients = ClientDirectory(database, ClientSecrets(settings.pepper, sealer), policies.profiles(settings))
    authors = (ApprovalMails(database, clients, settings.issuer),)
    return MailQueue(settings, authors, rate_limiter(settings, database))
