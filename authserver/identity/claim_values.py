"""The JSON types and forms of standard claims (OIDC Core §5.1): each check returns the value to store.

Claims reach pages, tokens and other people's systems, so control characters are
refused, lengths are bounded and addresses of the web are http or https alone.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Any, Final
from urllib.parse import urlsplit

from authserver.protocol.errors import ValidationError

MAX_TEXT: Final = 255
MAX_URL: Final = 2048
MAX_FORMATTED: Final = 1024
ADDRESS_MEMBERS: Final = ("formatted", "street_address", "locality", "region", "postal_code", "country")
# Of the members of an address these two may have several lines (OIDC Core §5.1.1).
MULTILINE: Final = frozenset({"formatted", "street_address"})
LANGUAGE_TAG: Final = re.compile(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*")
TIME_ZONE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}")


def text(name: str, value: Any) -> str:
    """A line of text, in NFC, that is not empty."""
    return _line(name, value, MAX_TEXT)


def boolean(name: str, value: Any) -> bool:
    """A JSON boolean; the strings "true" and "false" are not."""
    if not isinstance(value, bool):
        raise ValidationError("must be true or false.", field=name)
    return value


def web_address(name: str, value: Any) -> str:
    """An absolute http or https URL."""
    url = _line(name, value, MAX_URL)
    try:
        parts = urlsplit(url)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in url
        _ = parts.port
    except ValueError:
        is_web = False
    if not is_web or parts.username is not None:
        raise ValidationError("must be an http or https address.", field=name)
    return url


def birthdate(name: str, value: Any) -> str:
    """`YYYY-MM-DD`, where the year may be 0000 for unknown, or `YYYY` alone."""
    given = _line(name, value, 10)
    if re.fullmatch(r"[0-9]{4}", given) and given != "0000":
        return given
    try:
        # A leap year stands in for the year that is not known, so that 29 February is a birthday too.
        date.fromisoformat(re.sub(r"\A0000-", "2000-", given))
    except ValueError as error:
        raise ValidationError("must be a date (YYYY-MM-DD) or a year (YYYY).", field=name) from error
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", given):
        raise ValidationError("must be a date (YYYY-MM-DD) or a year (YYYY).", field=name)
    return given


def time_zone(name: str, value: Any) -> str:
    """A name of the IANA time zone database, `Europe/Paris` for example."""
    zone = _line(name, value, 64)
    if not TIME_ZONE.fullmatch(zone):
        raise ValidationError("must be the name of a time zone, Europe/Paris for example.", field=name)
    return zone


def language_tag(name: str, value: Any) -> str:
    """A BCP 47 language tag; the underscore that some systems write is tolerated (OIDC Core §5.1)."""
    tag = _line(name, value, 64)
    if not LANGUAGE_TAG.fullmatch(tag):
        raise ValidationError("must be a language tag, en-US for example.", field=name)
    return tag


def address(name: str, value: Any) -> dict[str, str]:
    """A postal address: an object of texts (OIDC Core §5.1.1)."""
    if not isinstance(value, dict) or not value:
        raise ValidationError(f"must be an object with some of: {', '.join(ADDRESS_MEMBERS)}.", field=name)
    unknown = sorted(str(member) for member in value if member not in ADDRESS_MEMBERS)
    if unknown:
        raise ValidationError(f"has unknown members: {', '.join(unknown)[:MAX_TEXT]}.", field=name)
    return {
        member: _line(name, value[member], MAX_FORMATTED, lines=member in MULTILINE)
        for member in ADDRESS_MEMBERS
        if value.get(member) is not None
    }


def _line(name: str, value: Any, limit: int, *, lines: bool = False) -> str:
    if not isinstance(value, str):
        raise ValidationError("must be a text.", field=name)
    normal = unicodedata.normalize("NFC", value).strip()
    if not normal:
        raise ValidationError("must not be empty; null takes it away.", field=name)
    if len(normal) > limit:
        raise ValidationError(f"must have at most {limit} characters.", field=name)
    allowed = "\r\n" if lines else ""
    if any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") and char not in allowed for char in normal):
        raise ValidationError("must not contain control characters.", field=name)
    return normal
