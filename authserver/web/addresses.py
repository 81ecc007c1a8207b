"""Which addresses of a client's a page may show or link. They are the requester's, so little is allowed."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
_HOST = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?")


def image_source(uri: str, *, local_http: bool = False) -> str:
    """The origin of a logo, as a source for the Content-Security-Policy; empty when it may not be shown.

    Only https is shown, so that nobody on the way learns who signs in where.
    The host is checked character by character, because the policy is a header
    in which a space or a semicolon would begin something new.

    Args:
        uri: the client's `logo_uri`.
        local_http: whether http on loopback will do too, for development.
    """
    parts = _split(uri)
    if parts is None or not _HOST.fullmatch(parts.hostname or ""):
        return ""
    is_local = local_http and parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS
    if parts.scheme != "https" and not is_local:
        return ""
    return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")


def can_be_linked(uri: str) -> bool:
    """Whether a page may link `uri`: a web address, or an application's own scheme with a dot in it.

    Native applications use reversed domain names (RFC 8252 §7.1); `javascript:`
    and `data:` have no dot and would run as if we had written them.
    """
    parts = _split(uri)
    if parts is None:
        return False
    return bool(parts.hostname) if parts.scheme in {"http", "https"} else "." in parts.scheme


def _split(uri: str) -> SplitResult | None:
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return None
    return parts
