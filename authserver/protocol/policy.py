"""What one client may do. Standards contradict each other, so nothing of this is global.

A `ClientPolicy` comes from a named profile and validated overrides; durations
are seconds. `clients.policy` gives every client its own.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any, Literal

from authserver.protocol.exchange import ExchangeRule

PKCERule = Literal["required", "public", "pushed", "optional"]
RefreshRule = Literal["offline_access", "always"]
ConsentRule = Literal["remember", "always", "skip"]
AssertionAudience = Literal["issuer", "endpoint"]
SenderConstraint = Literal["none", "dpop", "mtls", "any"]

AUTHORIZATION_CODE = "authorization_code"
IMPLICIT = "implicit"
REFRESH_TOKEN = "refresh_token"
CLIENT_CREDENTIALS = "client_credentials"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
CIBA = "urn:openid:params:grant-type:ciba"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"

CODE = "code"
RESPONSE_TYPES = (CODE, "id_token", "id_token token", "code id_token", "code token", "code id_token token")
"""Every response type of OAuth 2.0 Multiple Response Types, its words in alphabetical order."""

PLAIN_RESPONSE_MODES = ("query", "fragment", "form_post")
JWT_RESPONSE_MODES = ("jwt", "query.jwt", "fragment.jwt", "form_post.jwt")
RESPONSE_MODES = (*PLAIN_RESPONSE_MODES, *JWT_RESPONSE_MODES)

SIGNING_ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
FAPI_ALGORITHMS = ("PS256", "ES256", "EdDSA")
"""What FAPI lets be used (FAPI 2.0 Security Profile §5.4.1): no RSASSA-PKCS1-v1_5."""

SECRET_METHODS = ("client_secret_basic", "client_secret_post", "client_secret_jwt")
KEY_METHODS = ("private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth")
AUTHENTICATION_METHODS = ("none", *SECRET_METHODS, *KEY_METHODS)


@dataclass(frozen=True, slots=True)
class ClientPolicy:
    """The rules for one client.

    Attributes:
        grant_types: grants this client may use, as registered.
        response_types: response types it may use, as registered; in a profile, those that may be registered.
        authentication_methods: the methods by which it may register to authenticate.
        signing_algorithms: algorithms of what it signs for us and we sign for it.
        pkce: who must send a code challenge (RFC 7636); `public` means public clients only, `pushed` those and
            everybody who pushes the request.
        pushed_requests: whether authorization requests must be pushed (RFC 9126).
        signed_requests: whether authorization requests must be signed (RFC 9101).
        request_lifetime: seconds between `nbf` and `exp` of a request object, both then required; 0 for no limit.
        outer_parameters: whether parameters outside a request object supplement it (OIDC Core §6.1) or are ignored.
        signed_responses: whether an answer must be signed: a JWT (JARM) or one with an ID token as its signature.
        explicit_requests: whether a request must name its scope, and a nonce with `openid`, even for a code.
        assertion_audience: whether client assertions name the issuer alone, or may name an endpoint or several.
        sender_constraint: the key that access tokens must be bound to; `any` for either kind.
        rotate_refresh_tokens: whether each refresh replaces the refresh token.
        refresh_grace: seconds in which a repeated refresh gets the same successor.
        refresh_tokens: when a refresh token is issued in `openid` requests.
        reuse_ends_session: whether replay of a code or refresh token ends the session too.
        id_token_claims: whether claims requested by scope are also put into the ID token.
        required_acr: the lowest acr accepted, or an empty string.
        exchange: which tokens it may exchange and for what (RFC 8693); nothing without a rule.
    """

    grant_types: frozenset[str] = frozenset({AUTHORIZATION_CODE, REFRESH_TOKEN, CLIENT_CREDENTIALS})
    response_types: frozenset[str] = frozenset({CODE})
    response_modes: frozenset[str] = frozenset(RESPONSE_MODES)
    authentication_methods: frozenset[str] = frozenset(AUTHENTICATION_METHODS)
    signing_algorithms: frozenset[str] = frozenset(SIGNING_ALGORITHMS)
    pkce: PKCERule = "required"
    pushed_requests: bool = False
    signed_requests: bool = False
    request_lifetime: int = 0
    outer_parameters: bool = True
    signed_responses: bool = False
    explicit_requests: bool = False
    assertion_audience: AssertionAudience = "issuer"
    sender_constraint: SenderConstraint = "none"
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
    exchange: tuple[ExchangeRule, ...] = ()


DEFAULT = ClientPolicy()
OIDC = replace(
    DEFAULT,
    response_types=frozenset(RESPONSE_TYPES),
    pkce="public",
    assertion_audience="endpoint",
)
_FAPI = replace(
    DEFAULT,
    authentication_methods=frozenset(KEY_METHODS),
    signing_algorithms=frozenset(FAPI_ALGORITHMS),
    access_token_alg="PS256",
    id_token_alg="PS256",
    rotate_refresh_tokens=False,
)
FAPI1_ADVANCED = replace(
    _FAPI,
    response_types=frozenset({CODE, "code id_token"}),
    pkce="pushed",
    signed_requests=True,
    signed_responses=True,
    explicit_requests=True,
    request_lifetime=3600,
    outer_parameters=False,
    assertion_audience="endpoint",
    sender_constraint="mtls",
)
FAPI2_SECURITY = replace(_FAPI, pushed_requests=True, outer_parameters=False, sender_constraint="any")
FAPI2_MESSAGE_SIGNING = replace(FAPI2_SECURITY, signed_requests=True, request_lifetime=3600)
MCP = replace(DEFAULT, refresh_tokens="always")

PROFILES: MappingProxyType[str, ClientPolicy] = MappingProxyType(
    {
        "default": DEFAULT,
        "oidc": OIDC,
        "fapi1-advanced": FAPI1_ADVANCED,
        "fapi2-security": FAPI2_SECURITY,
        "fapi2-message-signing": FAPI2_MESSAGE_SIGNING,
        "mcp": MCP,
    }
)


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
    if isinstance(sample, tuple):
        raise ValueError(f"{key} holds rules: `authserver {key} allow` adds one")
    return _check_choice(key, text)


def _parse_flag(key: str, text: str) -> bool:
    words = {"true": True, "yes": True, "1": True, "on": True, "false": False, "no": False, "0": False, "off": False}
    if text.lower() not in words:
        raise ValueError(f"{key} takes true or false")
    return words[text.lower()]


CHOICES: MappingProxyType[str, tuple[str, ...]] = MappingProxyType(
    {
        "pkce": ("required", "public", "pushed", "optional"),
        "assertion_audience": ("issuer", "endpoint"),
        "sender_constraint": ("none", "dpop", "mtls", "any"),
        "access_token_format": ("jwt", "opaque"),
        "access_token_alg": SIGNING_ALGORITHMS,
        "id_token_alg": SIGNING_ALGORITHMS,
        "refresh_tokens": ("offline_access", "always"),
        "consent": ("remember", "always", "skip"),
        "required_acr": ("", "1", "2", "phr", "phrh"),
    }
)


SETS: MappingProxyType[str, tuple[str, ...]] = MappingProxyType(
    {
        "response_modes": RESPONSE_MODES,
        "authentication_methods": AUTHENTICATION_METHODS,
        "signing_algorithms": SIGNING_ALGORITHMS,
    }
)
"""What the fields that are sets may hold; what registration decides is not among them."""


def _check_choice(key: str, text: str) -> str:
    allowed = CHOICES.get(key)
    if allowed is not None and text not in allowed:
        raise ValueError(f"{key} takes one of {', '.join(word or 'nothing' for word in allowed)}")
    return text
