"""What must never be written down: passwords, secrets, tokens, handles, cookies, personal contacts.

Two nets, because one always has a hole: by the name of a field, and by the
look of a text. Both prefer a line that says too little.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

REDACTED = "[redacted]"
MAX_DEPTH = 6

# Names whose values are never written, wherever they appear in the name of a field.
SECRET_PARTS = (
    "password",
    "passwd",
    "passphrase",
    "secret",
    "cookie",
    "authorization",
    "assertion",
    "verifier",
    "credential",
    "private_key",
    "sealing_key",
    "api_key",
    "pepper",
    "otp",
    "csrf",
)
SECRET_NAMES = frozenset({"code", "device_code", "user_code", "dpop", "handle", "pin", "token", "tokens", "jwt", "d"})
PERSONAL_NAMES = frozenset(
    {"name", "given_name", "family_name", "middle_name", "nickname", "username", "preferred_username", "login_hint"}
    | {"phone", "phone_number", "birthdate", "street_address", "identifier"}
)
# Names that look secret and are not.
PLAIN_NAMES = frozenset(
    {"token_type", "token_type_hint", "token_endpoint", "token_endpoint_auth_method", "token_format", "secret_id"}
    | {"password_min_length", "password_max_length", "password_classes", "code_challenge_method"}
)
# Names whose values are long and random on purpose, and public: key ids, thumbprints, references.
PUBLIC_NAMES = frozenset({"kid", "jkt", "reference", "fingerprint", "etag"})

_WORDS = "|".join(part.replace("_", "[_-]?") for part in SECRET_PARTS)
# Every pattern begins where a word begins and takes the word whole (`++`): a word of 8,000 letters that a stranger
# sends is walked through once, and not once from each of its letters.
_ASSIGNMENT = re.compile(
    r"(?<![\w-])"
    rf"(?=[\w-]*?(?:{_WORDS})|(?:(?:[\w-]*[_-])?token(?:[_-]hint)?|code|device_code|user_code|dpop)(?![\w-]))"
    r"([\w-]++)(\\?[\"']?\s*+(?:=|:|%3[dD])\s*)"
    r"(?!\s)(?:b?\"(?:[^\"\\]|\\.)*\"?|b?'(?:[^'\\]|\\.)*'?|\\\"[^\"]*\"?|[^\s&,;\"')}\]]+)",
    re.IGNORECASE,
)
_HEADER = re.compile(r"\b((?:set-)?cookie|(?:proxy-)?authorization|dpop)(\\?[\"']?\s*:\s*)[^\r\n]+", re.IGNORECASE)
_SCHEME = re.compile(r"\b(bearer|dpop|basic)(\s+|%20|\+)(?:(?-i:(?![a-z]+\b))[\w.~+/=%-]{6,}|[\w.~+/=%-]{16,})", re.I)
_JWT = re.compile(r"\beyJ[\w-]{6,}(?:\.[\w-]*){1,4}")
_HANDLE = re.compile(r"(?<![\w-])(?=[\w-]*[A-Z])(?=[\w-]*[a-z])[\w-]{40,}(?![\w-])", re.ASCII)
_USERINFO = re.compile(r"(?<=://)([^\s:/@]*):([^\s/@]+)@")
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S)
_HASH = re.compile(r"\$(?:argon2\w*|2[abxy])\$[\w$=,+/.-]+")
_EMAIL = re.compile(r"(?<![\w.+'-])('*+[\w.+-])[\w.+'-]*+(@|%40)((?:[\w-]++\.)+[\w-]+|localhost)")

# Short texts without a separator cannot hold any of the above, except a token: most log values are of this kind.
_PLAIN = re.compile(r"[^=:\s+@$%]{0,39}")
# Longer ones hold something only with one of these.
_HINTS: tuple[str, ...] = (
    *("@", "%40", "eyj", "$", "-----", "://", "bearer", "basic", "dpop", "token", "code", "private", "sealing", "api"),
    *SECRET_PARTS,
)


def redact_text(text: str) -> str:
    """`text` without anything that looks like a secret; e-mail addresses keep a letter and the domain."""
    if not _may_hold_a_secret(text):
        return text
    text = _PRIVATE_KEY.sub(REDACTED, text)
    text = _HEADER.sub(rf"\1\2{REDACTED}", text)
    text = _JWT.sub(REDACTED, text)
    text = _SCHEME.sub(rf"\1\2{REDACTED}", text)
    text = _ASSIGNMENT.sub(_hide_value, text)
    text = _USERINFO.sub(rf"\1:{REDACTED}@", text)
    text = _HASH.sub(REDACTED, text)
    text = _HANDLE.sub(REDACTED, text)
    return _EMAIL.sub(r"\1***\2\3", text)


def _may_hold_a_secret(text: str) -> bool:
    if _PLAIN.fullmatch(text):
        return "eyJ" in text
    lowered = text.lower()
    return any(hint in lowered for hint in _HINTS) or _HANDLE.search(text) is not None


def _hide_value(match: re.Match[str]) -> str:
    if _normal(match[1]) in PLAIN_NAMES:
        return match[0]
    return f"{match[1]}{match[2]}{REDACTED}"


@lru_cache(maxsize=1024)
def is_secret_name(name: str) -> bool:
    """Whether the value of a field of this name must not be written."""
    plain = _normal(name)
    if plain in PLAIN_NAMES:
        return False
    if plain in SECRET_NAMES or plain in PERSONAL_NAMES or plain.endswith("_token"):
        return True
    return any(part in plain for part in SECRET_PARTS)


@lru_cache(maxsize=1024)
def _normal(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().replace("-", "_")


def redact_field(name: str, value: Any, depth: int = 0) -> Any:
    """The value of a named field as it may be written; containers are walked, unknown objects shown by type."""
    if value is None or isinstance(value, bool):
        return value
    if is_secret_name(name) and not isinstance(value, Mapping):
        return REDACTED
    if isinstance(value, str):
        return value if _PLAIN.fullmatch(value) and "eyJ" not in value else _redact_long(name, value)
    if isinstance(value, (int, float)):
        return value
    if depth >= MAX_DEPTH:
        return "[deep]"
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "[bytes]"
    if isinstance(value, Mapping):
        return {str(key): redact_field(str(key), item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [redact_field(name, item, depth + 1) for item in value]
    return redact_text(str(value))


def _redact_long(name: str, text: str) -> str:
    return text if _normal(name) in PUBLIC_NAMES else redact_text(text)
