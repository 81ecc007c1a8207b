"""Tokens taken apart and checked as a relying party must check them (OIDC Core §3.1.3.7, RFC 9068 §4)."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from authserver.protocol import json_values, validity
from authserver.protocol.errors import InvalidToken
from authserver.signing.jwk_set import PublishedKeys
from authserver.signing.keys import ALGORITHMS
from authserver.tokens import access_tokens, id_tokens, jose

ID_TOKEN, ACCESS_TOKEN = "id_token", "access_token"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was checked; `detail` is what was found."""

    name: str
    passed: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Token:
    """A token: header and claims as indented JSON, and what checking it gave. An opaque one has neither."""

    kind: str
    header: str = ""
    claims: str = ""
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class Expected:
    """What the tokens of a run must say."""

    issuer: str
    client_id: str
    nonce: str
    subject: str = ""
    """Of the first ID token, which a refreshed one must repeat (OIDC Core §12.2)."""


def id_token(value: str, keys: PublishedKeys, expected: Expected, access_token: str) -> Token:
    """An ID token, checked for this relying party."""
    header, claims = parts(value)
    audience = claims.get("aud")
    nonce = claims.get("nonce")
    checks = [
        _signature(value, header, keys, id_tokens.TYPE),
        _equal("issuer", claims.get("iss"), expected.issuer),
        Check("audience", expected.client_id in _list(audience), _text(audience)),
        _time(claims),
        # A refreshed ID token need not repeat the nonce (OIDC Core §12.2).
        Check("nonce", nonce == expected.nonce or bool(expected.subject and nonce is None), _text(nonce)),
        _hash(header, claims, access_token),
    ]
    if expected.subject:
        checks.append(_equal("subject", claims.get("sub"), expected.subject))
    return _token(ID_TOKEN, header, claims, tuple(checks))


def access_token(value: str, keys: PublishedKeys, expected: Expected) -> Token:
    """An access token, checked as the interface that receives it would, which compares the audience with itself."""
    if value.count(".") != 2:
        return Token(ACCESS_TOKEN)
    header, claims = parts(value)
    audience = claims.get("aud")
    checks = (
        _signature(value, header, keys, access_tokens.TYPE),
        _equal("issuer", claims.get("iss"), expected.issuer),
        Check("resource", bool(audience), _text(audience)),
        _time(claims),
    )
    return _token(ACCESS_TOKEN, header, claims, checks)


def parts(value: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a JWT, unchecked; empty where they cannot be read."""
    segments = value.split(".")
    return _decoded(segments[0]), _decoded(segments[1] if len(segments) > 1 else "")


def _decoded(segment: str) -> dict[str, Any]:
    try:
        found = orjson.loads(urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    except ValueError:
        return {}
    return found if isinstance(found, dict) and json_values.can_be_kept(found) else {}


def _token(kind: str, header: dict[str, Any], claims: dict[str, Any], checks: tuple[Check, ...]) -> Token:
    return Token(kind, _indented(header), _indented(claims), checks)


def _signature(value: str, header: dict[str, Any], keys: PublishedKeys, typ: str) -> Check:
    """The signature by a published key, with an algorithm that is allowed, in a token of the right type."""
    try:
        jose.verify(value, keys, algorithms=ALGORITHMS, typ=typ)
    except InvalidToken as error:
        return Check("signature", False, error.reason)
    return Check("signature", True, f"{header.get('alg')}, kid {header.get('kid')}")


def _time(claims: dict[str, Any]) -> Check:
    expires_at = claims.get("exp")
    if not isinstance(expires_at, int):
        return Check("time", False)
    until = datetime.fromtimestamp(expires_at, UTC).isoformat(" ", "seconds")
    return Check("time", expires_at > validity.timestamp(), until)


def _hash(header: dict[str, Any], claims: dict[str, Any], access_token: str) -> Check:
    found = claims.get("at_hash")
    try:
        wanted = id_tokens.left_half_hash(access_token, str(header.get("alg")))
    except KeyError:
        return Check("at_hash", False, _text(found))
    return Check("at_hash", found in {wanted, None}, _text(found))


def _equal(name: str, found: object, wanted: str) -> Check:
    return Check(name, found == wanted, _text(found))


def _list(audience: object) -> list[object]:
    return audience if isinstance(audience, list) else [audience]


def _text(value: object) -> str:
    if value is None:
        return ""
    return " ".join(str(item) for item in value) if isinstance(value, list) else str(value)


def _indented(document: dict[str, Any]) -> str:
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()
