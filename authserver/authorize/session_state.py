"""`session_state`, by which a client notices that somebody signed in or out (OIDC Session Management §3.2).

A salted hash over the client, its origin and a random value that the browser
keeps. The frame at `check_session_iframe` computes it again, so the two must
do exactly the same (`static/check_session.js`).
"""

from __future__ import annotations

import hashlib
import secrets
from urllib.parse import urlsplit

from authserver.authorize.context import Context

OPENID = "openid"
SALT_BYTES = 12

_DEFAULT_PORTS = {"http": 80, "https": 443}


def origin_of(redirect_uri: str) -> str | None:
    """The origin of the pages at `redirect_uri` as browsers write it; None for what is no web page (RFC 6454 §6.2)."""
    parts = urlsplit(redirect_uri)
    if parts.scheme not in _DEFAULT_PORTS or parts.hostname is None:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = "" if parts.port in {None, _DEFAULT_PORTS[parts.scheme]} else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def compute(client_id: str, origin: str, browser_state: str, salt: str) -> str:
    """The value for one client in one browser; it has no space in it."""
    text = f"{client_id} {origin} {browser_state} {salt}"
    return f"{hashlib.sha256(text.encode()).hexdigest()}.{salt}"


def of_request(context: Context, browser_state: str) -> str | None:
    """The value that answers this request, or None where the client cannot use one."""
    origin = origin_of(context.redirect_uri)
    if context.client is None or origin is None or OPENID not in context.scopes:
        return None
    return compute(context.client.id, origin, browser_state, secrets.token_urlsafe(SALT_BYTES))
