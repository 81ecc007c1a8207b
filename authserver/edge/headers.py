"""The one table of response headers, by kind of response, and the names that never leave the server."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

Kind = Literal["machine", "page", "asset", "frame"]
Fields = tuple[tuple[str, str], ...]

ALLOWED_ORIGINS = "X-Authserver-Allowed-Origins"
"""Set by an endpoint: the origins, separated by spaces, that its client may be called from (see `edge.cors`)."""
FAILURE = "X-Authserver-Failure"
"""Set by an endpoint: this answer is a failed attempt and counts against its caller (see `edge.rate_limit`)."""
PRIVATE = frozenset({ALLOWED_ORIGINS, FAILURE})

HSTS = ("Strict-Transport-Security", "max-age=31536000; includeSubDomains")

_EVERYWHERE: Fields = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ("X-Permitted-Cross-Domain-Policies", "none"),
)
_NO_STORE: Fields = (("Cache-Control", "no-store"),)
_NOT_FRAMEABLE: Fields = (("X-Frame-Options", "DENY"),)
_INERT_CSP = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
# Without a nonce of its own a page may run nothing inline. There is no form-action: it would
# block the redirect from a form of ours to the client.
_PAGE_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
)
_FRAME_CSP = "default-src 'none'; script-src 'self'; base-uri 'none'; object-src 'none'"

TABLE: Mapping[Kind, Fields] = MappingProxyType(
    {
        "machine": (
            ("Content-Security-Policy", _INERT_CSP),
            *_EVERYWHERE,
            *_NOT_FRAMEABLE,
            *_NO_STORE,
        ),
        "page": (
            ("Content-Security-Policy", _PAGE_CSP),
            *_EVERYWHERE,
            *_NOT_FRAMEABLE,
            ("Cross-Origin-Opener-Policy", "same-origin-allow-popups"),
            *_NO_STORE,
        ),
        "asset": (
            ("Content-Security-Policy", _INERT_CSP),
            *_EVERYWHERE,
            *_NOT_FRAMEABLE,
            ("Cross-Origin-Resource-Policy", "same-origin"),
        ),
        # Session management and front-channel logout live in frames of relying parties.
        "frame": (("Content-Security-Policy", _FRAME_CSP), *_EVERYWHERE, *_NO_STORE),
    }
)
"""Headers every response of a kind carries unless it brings its own value for one."""


def table_for(*, https: bool) -> Mapping[Kind, Fields]:
    """The table of this server; over https every answer asks the browser to stay there (RFC 6797 §7.1)."""
    if not https:
        return TABLE
    return MappingProxyType({kind: (*fields, HSTS) for kind, fields in TABLE.items()})
