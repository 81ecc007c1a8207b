"""What one client may do. Standards contradict each other, so nothing of this is global.

A `ClientPolicy` comes from a named profile and validated overrides; durations
are seconds. `clients.policy` gives every client its own.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any, Literal

PKCERule = Literal["required", "public", "optional"]
RefreshRule = Literal["offline_access", "always"]
ConsentRule = Literal["remember", "always", "skip"]

AUTHORIZATION_CODE = "authorization_code"
REFRESH_TOKEN = "refresh_token"
CLIENT_CREDENTIALS = "client_credentials"

RESPONSE_MODES = ("query", "fragment", "form_post")
SIGNING_ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")


@dataclass(frozen=True, slots=True)
class ClientPolicy:
    """The rules for one client.

    Attributes:
        grant_types: grants this client may use, as registered.
        pkce: who must send a code challenge (RFC 7636); `public` means public clients only.
        rotate_refresh_tokens: whether each refresh replaces the refresh token.
        refresh_grace: seconds in which a repeated refresh gets the same successor.
        refresh_tokens: when a refresh token is issued in `openid` requests.
        reuse_ends_session: whether replay of a code or refresh token ends the session too.
        id_token_claims: whether claims requested by scope are also put into the ID token.
        required_acr: the lowest acr accepted, or an empty string.
    """

    grant_types: frozenset[str] = frozenset({AUTHORIZATION_CODE, REFRESH_TOKEN, CLIENT_CREDENTIALS})
    response_types: frozenset[str] = frozenset({"code"})
    response_modes: frozenset[str] = frozenset(RESPONSE_MODES)
    pkce: PKCERule = "required"
    code_ttl: int = 60
    access_token_ttl: int = 900
    access_token_format: Literal["jwt", "opaque"] = "jwt"
    access_token_alg: str = "RS256"
    id_token_ttl: int = 900
    id_token_alg: str = "RS256"
    rotate_refresh_tokens: bool = True
    refresh_grace: int = 10
    refresh_tokens: RefreshRule = "offline_access"
    refresh_idle_ttl: int = 7 * 86400
    refresh_max_ttl: int = 90 * 86400
    consent: ConsentRule = "remember"
    reuse_ends_session: bool = False
    id_token_claims: bool = False
    required_acr: str = ""


DEFAULT = ClientPolicy()
OIDC = replace(DEFAULT, pkce="public")

PROFILES: MappingProxyType[str, ClientPolicy] = MappingProxyType({"default": DEFAULT, "oidc": OIDC})


def parse_override(key: str, text: str) -> Any:
    """Turn `KEY=VALUE` text of an override into the type of that policy field.

    Raises:
        ValueError: the key is unknown or the text is not of its type; the
            message names what is allowed.
    """
    current = {field.name: getattr(DEFAULT, field.name) for field in fields(ClientPolicy)}
    if key not in current:
        raise ValueError(f"unknown policy {key!r}; known: {', '.join(sorted(current))}")
    sample = current[key]
    if isinstance(sample, bool):
        return _parse_flag(key, text)
    if isinstance(sample, int):
        if not text.isdigit():
            raise ValueError(f"{key} takes a whole number of seconds")
        return int(text)
    if isinstance(sample, frozenset):
        return frozenset(text.replace(",", " ").split())
    return _check_choice(key, text)


def _parse_flag(key: str, text: str) -> bool:
    words = {"true": True, "yes": True, "1": True, "on": True, "false": False, "no": False, "0": False, "off": False}
    if text.lower() not in words:
        raise ValueError(f"{key} takes true or false")
    return words[text.lower()]


CHOICES: MappingProxyType[str, tuple[str, ...]] = MappingProxyType(
    {
        "pkce": ("required", "public", "optional"),
        "access_token_format": ("jwt", "opaque"),
        "access_token_alg": SIGNING_ALGORITHMS,
        "id_token_alg": SIGNING_ALGORITHMS,
        "refresh_tokens": ("offline_access", "always"),
        "consent": ("remember", "always", "skip"),
        "required_acr": ("", "1", "2", "phr", "phrh"),
    }
)


def _check_choice(key: str, text: str) -> str:
    allowed = CHOICES.get(key)
    if allowed is not None and text not in allowed:
        raise ValueError(f"{key} takes one of {', '.join(word or 'nothing' for word in allowed)}")
    return text
