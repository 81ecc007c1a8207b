"""Redirect URIs: exact comparison, and the one exception that RFC 8252 makes."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})


def matches_registered(uri: str, registered: Iterable[str], *, native: bool) -> bool:
    """Whether `uri` is one of `registered`, character by character (RFC 9700 §4.1.3).

    A native client may choose another port on loopback at each request,
    because the operating system gives it one (RFC 8252 §7.3).
    """
    known = tuple(registered)
    if uri in known:
        return True
    if not native:
        return False
    parts = _split(uri)
    return (
        parts is not None and _is_loopback_http(parts) and any(_same_but_port(parts, candidate) for candidate in known)
    )


def is_native_callback(uri: str) -> bool:
    """Whether the answer goes to a program on the person's own device: loopback or a private-use scheme."""
    parts = _split(uri)
    return parts is not None and (_is_loopback_http(parts) or parts.scheme not in {"http", "https"})


def _split(uri: str) -> SplitResult | None:
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _is_loopback_http(parts: SplitResult) -> bool:
    return parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS and "@" not in parts.netloc


def _same_but_port(parts: SplitResult, registered: str) -> bool:
    other = _split(registered)
    if other is None or not _is_loopback_http(other):
        return False
    return (parts.hostname, parts.path, parts.query, parts.fragment) == (
        other.hostname,
        other.path,
        other.query,
        other.fragment,
    )
