"""Scope values: their syntax (RFC 6749 §3.3) and those that OpenID Connect defines (OIDC Core §5.4, §11)."""

from __future__ import annotations

import re
from types import MappingProxyType

OPENID = "openid"
OFFLINE_ACCESS = "offline_access"

STANDARD: MappingProxyType[str, str] = MappingProxyType(
    {
        OPENID: "Sign you in",
        "profile": "Your name and profile",
        "email": "Your e-mail address",
        "phone": "Your telephone number",
        "address": "Your postal address",
        OFFLINE_ACCESS: "Access while you are not signed in",
    }
)

_TOKEN = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")


def is_token(text: str) -> bool:
    """Whether `text` may be a scope value."""
    return _TOKEN.fullmatch(text) is not None


def parse(text: str) -> frozenset[str]:
    """The values in a space-delimited list.

    Raises:
        ValueError: a value has a character that scope values may not have.
    """
    values = frozenset(text.split(" ")) - {""}
    for value in values:
        if not is_token(value):
            raise ValueError("a scope may have any printable ASCII characters but space, quote and backslash")
    return values
