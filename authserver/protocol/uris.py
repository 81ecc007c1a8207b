"""URIs that a client registers: where browsers are sent, what pages link to, which origins call.

What is registered is compared and followed character by character later, so
anything that two programs could read differently is refused here.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from authserver.protocol.errors import ValidationError

LONGEST = 2048

_ALLOWED = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()+,;=%]+")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*\.?")
_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def check_redirect_uri(uri: str, field: str, *, native: bool) -> None:
    """A place where a browser may be sent with a code.

    https anywhere; http on loopback alone; for native applications also
    private-use schemes that are a domain in reverse (RFC 8252 §7.1). No
    fragment (RFC 6749 §3.1.2), no user name, no wildcard.

    Raises:
        ValidationError: it is none of these.
    """
    parts = _split(uri, field)
    if "#" in uri:
        raise ValidationError(f"{uri!r} has a fragment (RFC 6749 §3.1.2)", field=field)
    if parts.scheme in _DEFAULT_PORTS:
        _check_host(parts, uri, field)
        return
    if not native:
        raise ValidationError(f"{uri!r}: web applications use https, or http on loopback", field=field)
    if "." not in parts.scheme:
        raise ValidationError(
            f"{uri!r}: a private-use scheme is a domain in reverse, com.example.app (RFC 8252 §7.1)", field=field
        )
    if "@" in parts.netloc or not (parts.path or parts.netloc):
        raise ValidationError(f"{uri!r} is not a redirect URI", field=field)


def check_web_uri(uri: str, field: str) -> None:
    """A page, picture or document on the web: https, or http on loopback.

    Raises:
        ValidationError: it is neither.
    """
    parts = _split(uri, field)
    if parts.scheme not in _DEFAULT_PORTS:
        raise ValidationError(f"{uri!r} must begin with https://", field=field)
    _check_host(parts, uri, field)


def check_https_uri(uri: str, field: str) -> None:
    """A place that this server or a browser is sent to and that must be https without exception.

    Raises:
        ValidationError: it is not.
    """
    check_web_uri(uri, field)
    if not uri.startswith("https:"):
        raise ValidationError(f"{uri!r} must begin with https://", field=field)


def normal_origin(origin: str) -> str:
    """`origin` as browsers send it: lower case, no path, no default port (RFC 6454 §6.2).

    Raises:
        ValidationError: it is not the origin of a page over https, or over http on loopback.
    """
    parts = _split(origin, "origins")
    if parts.scheme not in _DEFAULT_PORTS or parts.path not in {"", "/"} or parts.query or "#" in origin:
        raise ValidationError(f"{origin!r} is not an origin: https://host, with a port where needed", field="origins")
    _check_host(parts, origin, "origins")
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = "" if parts.port in {None, _DEFAULT_PORTS[parts.scheme]} else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def check_resource_uri(uri: str, field: str) -> None:
    """The identifier of a protected resource: an absolute URI without fragment (RFC 8707 §2).

    Raises:
        ValidationError: it is none.
    """
    parts = _split(uri, field)
    if "#" in uri or not (parts.netloc or parts.path) or "@" in parts.netloc:
        raise ValidationError(f"{uri!r} is not an absolute URI without fragment (RFC 8707 §2)", field=field)


def is_loopback(host: str | None) -> bool:
    """Whether `host` is this machine and cannot be another one."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _split(uri: str, field: str) -> SplitResult:
    if not uri or len(uri) > LONGEST:
        raise ValidationError(f"a URI has 1 to {LONGEST} characters", field=field)
    if "*" in uri:
        raise ValidationError(f"{uri!r}: wildcards are not supported, URIs are compared exactly", field=field)
    if _ALLOWED.fullmatch(uri) is None or _PERCENT.search(uri):
        raise ValidationError(f"{uri!r} has characters that must be percent-encoded in a URI", field=field)
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError as error:
        raise ValidationError(f"{uri!r} is not a URI: {error}", field=field) from error
    if _SCHEME.fullmatch(parts.scheme) is None or not uri.startswith(f"{parts.scheme}:"):
        raise ValidationError(f"{uri!r} must begin with a scheme in lower case", field=field)
    return parts


def _check_host(parts: SplitResult, uri: str, field: str) -> None:
    host = parts.hostname
    if not uri.startswith(f"{parts.scheme}://") or not host:
        raise ValidationError(f"{uri!r} has no host", field=field)
    if "@" in parts.netloc:
        raise ValidationError(f"{uri!r}: user names do not belong into a URI", field=field)
    if ":" not in host and _HOST.fullmatch(host) is None:
        raise ValidationError(f"{uri!r} has a host that is no name", field=field)
    if parts.port == 0:
        raise ValidationError(f"{uri!r} has port 0", field=field)
    if parts.scheme == "http" and not is_loopback(host):
        raise ValidationError(f"{uri!r}: http is for loopback alone, use https", field=field)
