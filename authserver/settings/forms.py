"""What single values must look like. Each function returns what is wrong, or None."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable
from email.errors import InvalidHeaderDefect
from email.policy import SMTP
from typing import Any
from urllib.parse import SplitResult, urlsplit

LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")
HOST = re.compile(r"(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d{1,5})?|\[[0-9a-fA-F:.]+\](:\d{1,5})?")
MAILBOX = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
MODULE_LEVEL = re.compile(r"[A-Za-z_][\w.]*=(debug|info|warning|error)", re.IGNORECASE)


def is_loopback(host: str) -> bool:
    """Whether a host name or address literal means this machine alone (RFC 6761 §6.3 for `localhost`)."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_address(host: str) -> bool:
    """Whether a text is an address literal or `localhost`, rather than some machine's name."""
    return host.lower() == "localhost" or network(host.strip("[]")) is not None


def split(url: str) -> SplitResult | None:
    """The parts of an address, or None where it is not one at all."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def issuer(url: str) -> str | None:
    """An issuer is an address without query and fragment (RFC 8414 §2); it is compared exactly, so nothing is fixed."""
    if not url:
        return None
    parts = split(url)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        return "takes an address that begins with https://"
    if "?" in url or "#" in url:
        return "must not have a query or fragment"
    if parts.username is not None or parts.password is not None:
        return "must not hold a user name or password"
    if re.search(r"[\s\\\"<>\x00-\x20\x7f]", url):
        return "must not hold blanks, quotes or control characters"
    return None


def issuers(urls: Iterable[str]) -> str | None:
    """A list of such addresses."""
    return _first(issuer, urls)


def origins(values: Iterable[str]) -> str | None:
    """Browser origins: scheme, host and port, nothing else (RFC 6454 §6.1)."""
    return _first(_origin, values)


def _origin(value: str) -> str | None:
    parts = split(value)
    if value == "*":
        return None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        return "takes origins such as https://app.example.org"
    if value != f"{parts.scheme}://{parts.netloc}" or parts.username is not None:
        return f"{value} has more than scheme, host and port"
    return None


def mailbox(text: str) -> str | None:
    """A sender of mails: one ASCII address, with a name before it or without (RFC 5322 §3.4)."""
    if text and not (text.isprintable() and _is_one_mailbox(text)):
        return "takes an address such as no-reply@example.org or Example <no-reply@example.org>"
    return None


def _is_one_mailbox(text: str) -> bool:
    """Whether a mail from `text` has one sender, and nothing is left over that is read as another or as none."""
    try:
        header: Any = SMTP.header_factory("From", text)
    except Exception:  # The standard library's parser has many ways to fail at what is no address.
        return False
    if any(isinstance(defect, InvalidHeaderDefect) for defect in header.defects):
        return False
    groups = header.groups
    return (
        len(groups) == 1
        and groups[0].display_name is None
        and MAILBOX.fullmatch(header.addresses[0].addr_spec) is not None
    )


def hosts(values: Iterable[str]) -> str | None:
    """Values of a `Host` header; a leading `*.` stands for one name or more."""
    return _first(lambda value: None if value == "*" or HOST.fullmatch(value) else f"{value} is not a host", values)


def networks(values: Iterable[str]) -> str | None:
    """Addresses or networks in CIDR form."""
    return _first(lambda value: None if network(value) else f"{value} is not an address or network", values)


def destinations(values: Iterable[str]) -> str | None:
    """Hosts, addresses or networks, with or without a port."""

    def complaint(value: str) -> str | None:
        if value == "*" or network(value) or HOST.fullmatch(value):
            return None
        return f"{value} is not a host, address or network"

    return _first(complaint, values)


def network(value: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """The network a text names, or None."""
    try:
        return ipaddress.ip_network(value, strict=False)
    except ValueError:
        return None


def database(url: str) -> str | None:
    """SQLite or PostgreSQL."""
    known = ("sqlite:", "postgres:", "postgresql:", "postgresql+psycopg:")
    return None if not url or url.startswith(known) else "takes sqlite:///… or postgresql://…"


def redis(url: str | None) -> str | None:
    """Redis over TCP, TLS or a socket."""
    return None if not url or url.startswith(("redis://", "rediss://", "unix://")) else "takes redis:// or rediss://"


def locale(tag: str) -> str | None:
    """A language tag (BCP 47)."""
    return None if LOCALE.fullmatch(tag) else "takes a language tag such as en or de-CH"


def module_levels(pairs: Iterable[str]) -> str | None:
    """Levels of single modules."""
    return _first(lambda pair: None if MODULE_LEVEL.fullmatch(pair) else f"{pair} is not like module=level", pairs)


def header_text(text: str) -> str | None:
    """Text that is compared with a header: printable, without blanks."""
    return None if re.fullmatch(r"[!-~]*", text) else "takes printable characters without blanks"


def header_name(name: str) -> str | None:
    """A header of its own, which no other rule reads."""
    if name.lower() in ("host", "authorization", "cookie", "origin", "dpop"):
        return f"must not be {name}, which has a meaning of its own"
    return None if re.fullmatch(r"[A-Za-z0-9-]*", name) else "takes letters, digits and dashes"


def _first(check: Callable[[str], str | None], values: Iterable[str]) -> str | None:
    return next((found for found in map(check, values) if found), None)
