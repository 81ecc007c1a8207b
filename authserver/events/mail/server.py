"""The operator's mail server: one connection for each mail, bounded in time, over TLS that is verified.

What the server answers is never passed on but for its code: the words around it
hold addresses, and they would end up in logs.
"""

from __future__ import annotations

import io
import ipaddress
import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from authserver.events.breaker import Breaker
from authserver.events.deliveries import Undeliverable
from authserver.settings import Settings


class MailFailed(Exception):
    """The mail was not taken for now."""


class MailRefused(Undeliverable):
    """The mail server refused this mail, and will refuse it again."""


class _Arriving(io.RawIOBase):
    """What comes from a socket until one moment, however slowly it comes."""

    def __init__(self, source: socket.socket, ends_at: float) -> None:
        self._source = source
        self._ends_at = ends_at

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Some bytes, in what is left of the time."""
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time is up")
        # It holds for what is sent next, too.
        self._source.settimeout(left)
        return self._source.recv_into(buffer)


class _Session(smtplib.SMTP):
    """A session of which every answer must come, to its last byte, before one moment."""

    def __init__(self, host: str, port: int, *, timeout: float, **options: Any) -> None:
        self._ends_at = time.monotonic() + timeout
        super().__init__(host, port, timeout=timeout, **options)

    def getreply(self) -> tuple[int, bytes]:
        """The server's answer, in what is left of the time."""
        if self.sock is not None and self.file is None:
            self.file = io.BufferedReader(_Arriving(self.sock, self._ends_at))
        return super().getreply()


class _SessionOverTLS(_Session, smtplib.SMTP_SSL):
    """The same with TLS from the first byte (RFC 8314 §3.3)."""


class MailServer:
    """Hands mails over. A server that fails time after time is left alone for a while."""

    def __init__(self, settings: Settings, breaker: Breaker | None = None) -> None:
        self._settings = settings
        self._breaker = breaker or Breaker()

    def send(self, message: EmailMessage) -> None:
        """Hand over one mail to its recipient.

        Raises:
            MailFailed: the server cannot be reached, is not to be trusted, or says that it cannot now.
            MailRefused: the server says that it never will.
        """
        host = self._settings.smtp_host
        if not self._breaker.admits(host):
            raise MailFailed("the mail server failed several times and is left alone for a while")
        try:
            with self._session() as session:
                refusal = _refusal(session, message)
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            # UnicodeError: a password beyond ASCII, which the error would quote from, or no name of a host.
            self._breaker.failed(host)
            raise MailFailed(_without_addresses(error)) from None
        self._breaker.succeeded(host)
        if refusal is not None:
            raise refusal

    @contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        """A session that is protected and signed in as the settings say."""
        settings = self._settings
        session = self._connected()
        try:
            if settings.smtp_security == "starttls":
                # A server that does not offer it is an error here: there is no way back to plain text.
                session.starttls(context=self._tls)
            if settings.smtp_username:
                session.login(settings.smtp_username, settings.smtp_password)
            yield session
        finally:
            # What was taken is sent, however the goodbye goes.
            with suppress(smtplib.SMTPException, OSError):
                session.quit()
            session.close()

    def _connected(self) -> smtplib.SMTP:
        settings = self._settings
        address, name = (settings.smtp_host, settings.smtp_port), own_name(settings.issuer)
        if settings.smtp_security == "tls":
            return _SessionOverTLS(*address, local_hostname=name, timeout=settings.smtp_timeout, context=self._tls)
        return _Session(*address, local_hostname=name, timeout=settings.smtp_timeout)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """The system's authorities, and the name of the server in its certificate (RFC 8314 §5.1)."""
        return ssl.create_default_context()


def own_name(issuer: str) -> str:
    """How this server introduces itself (RFC 5321 §4.1.1.1): its public name, or an address in brackets."""
    host = urlsplit(issuer).hostname or "localhost"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return f"[IPv6:{address}]" if address.version == 6 else f"[{address}]"


def _refusal(session: smtplib.SMTP, message: EmailMessage) -> Exception | None:
    """What the server has against this mail, or None when it took it."""
    try:
        session.send_message(message)
    except smtplib.SMTPRecipientsRefused as refused:
        ((code, _words),) = refused.recipients.values()
        return _judged("recipient", code)
    except smtplib.SMTPDataError as refused:
        return _judged("mail", refused.smtp_code)
    except smtplib.SMTPNotSupportedError:
        return MailRefused("the mail server takes no addresses beyond ASCII (RFC 6531)")
    return None


def _judged(what: str, code: int) -> Exception:
    """RFC 5321 §4.2.1: 5yz is for good, everything else for now."""
    text = f"the mail server refused the {what} with {code}"
    return MailRefused(text) if 500 <= code <= 599 else MailFailed(text)


def _without_addresses(error: Exception) -> str:
    """What went wrong, without what the server said in its own words."""
    kind = type(error).__name__
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{kind} {error.smtp_code}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{kind}: {error.verify_message}"
    return f"{kind}: {error.strerror}" if isinstance(error, OSError) and error.strerror else kind
