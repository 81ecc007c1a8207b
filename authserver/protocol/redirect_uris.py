"""Redirect URIs: exact comparison, the one exception that RFC 8252 makes, and adding an answer to one.

Nothing is parsed where text can be compared or joined: what two programs read
differently, or one of them normalises, is where codes have gone astray.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlencode, urlsplit

from authserver.protocol.uris import is_loopback

_LOOPBACK = re.compile(
    r"http://(?P<host>[0-9.]+|\[[0-9a-f:.]+\]|localhost)(?::(?P<port>[0-9]{1,5}))?(?P<rest>(?:[/?][!-~]*)?)"
)
_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):")
LARGEST_PORT = 65535


def matches_registered(uri: str, registered: Iterable[str], *, native: bool) -> bool:
    """Whether `uri` is one of `registered`, character by character (RFC 9700 §4.1.3).

    A native client may choose another port on loopback at each request,
    because the operating system gives it one (RFC 8252 §7.3).
    """
    known = tuple(registered)
    if uri in known:
        return True
    asked = _without_port(uri) if native else None
    return asked is not None and any(_without_port(candidate) == asked for candidate in known)


def is_native_callback(uri: str) -> bool:
    """Whether the answer goes to a program on the person's own device: loopback or a private-use scheme."""
    found = _SCHEME.match(uri)
    if found is None:
        return False
    return found["scheme"].lower() not in {"http", "https"} or _without_port(uri) is not None


def with_parameters(uri: str, parameters: Iterable[tuple[str, str]], *, in_fragment: bool = False) -> str:
    """`uri`, which has no fragment, with an answer added; what its own query had stays (RFC 6749 §3.1.2)."""
    encoded = urlencode(tuple(parameters))
    if not encoded:
        return uri
    if in_fragment:
        return f"{uri}#{encoded}"
    query = urlsplit(uri).query
    separator = "" if uri.endswith(("?", "&")) else "&" if query else "?"
    return f"{uri}{separator}{encoded}"


def _without_port(uri: str) -> tuple[str, str] | None:
    """Host and everything behind the port of an `http` URI on loopback; None for every other URI."""
    found = _LOOPBACK.fullmatch(uri)
    if found is None or not is_loopback(found["host"].strip("[]")):
        return None
    if not 0 < int(found["port"] or 80) <= LARGEST_PORT:
        return None
    return found["host"], found["rest"]
