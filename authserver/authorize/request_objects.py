"""Request objects: authorization requests that the client signed (RFC 9101, OIDC Core §6).

A request object proves who asks, so everything about it is checked here: whose
signature, for whom, how old. What it says replaces the parameters outside of
it; whether those may add anything is the client's policy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from authserver.clients.directory import Client
from authserver.clients.keys import ClientKeys
from authserver.events.destinations import OutboundRefused
from authserver.events.outbound import Outbound
from authserver.protocol import json_values, validity
from authserver.protocol.algorithms import CONTENT_ENCRYPTIONS, ENCRYPTION_ALGORITHMS
from authserver.protocol.errors import InvalidRequestObject, InvalidRequestURI, InvalidToken
from authserver.protocol.messages import Parameters
from authserver.signing.keyring import Keyring
from authserver.tokens import encryption, foreign

TYPES: Final = frozenset({"", "jwt", "oauth-authz-req+jwt"})
"""The types of a request object (RFC 9101 §10.8); older clients say JWT or nothing."""

FUTURE_SECONDS: Final = 60
"""How far clocks may differ: `nbf` and `iat` this far ahead are refused (FAPI 2.0 §5.3.2.1)."""

OF_THE_TOKEN: Final = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti", "sub"})
"""Claims about the request object itself, which are no parameters."""

WORDS: Final = "The request object is not valid."


class RequestObjects:
    """Reads request objects, by value and by reference."""

    def __init__(self, issuer: str, keys: ClientKeys, keyring: Keyring, outbound: Outbound) -> None:
        self._issuer = issuer
        self._keys = keys
        self._keyring = keyring
        self._outbound = outbound

    def fetch(self, client: Client, uri: str) -> str:
        """The request object at a registered `request_uri` (OIDC Core §6.2).

        Raises:
            InvalidRequestURI: it is not registered, or cannot be fetched.
        """
        if uri not in client.extensions.request_uris:
            raise InvalidRequestURI(
                "The request_uri is not registered for this application.",
                reason="request_uri_not_registered",
                spec="RFC 9101 §10.4.1",
                setting=f"client {client.id}: request_uris",
            )
        try:
            answer = self._outbound.get(uri.partition("#")[0], max_bytes=foreign.MAX_LENGTH)
        except OutboundRefused as error:
            raise _unreachable(client, str(error)) from error
        if answer.status != 200:
            raise _unreachable(client, f"status {answer.status}")
        return answer.body.decode("utf-8", errors="replace").strip()

    def read(self, client: Client, text: str) -> Parameters:
        """The parameters that `client` signed.

        Raises:
            InvalidRequestObject: the signature, a claim about it, or its form is wrong; `reason` says which.
        """
        try:
            token = foreign.parse(self._opened(client, text))
            keys = self._keys.of(client, token.kid)
            claims = foreign.verify(token, keys, _algorithms(client))
        except InvalidToken as error:
            raise _refusal(f"request_object_{error.reason}", {"reason": error.reason}) from error
        if token.typ not in TYPES:
            raise _refusal("request_object_type_wrong")
        self._check_parties(client, claims)
        _check_times(client, claims)
        return _parameters(claims)

    def _opened(self, client: Client, text: str) -> str:
        """The signed token inside, where the client encrypted it to one of our keys (OIDC Core §6.1)."""
        if not encryption.is_encrypted(text):
            return text
        registered = client.extensions
        algorithm, content = registered.request_object_encryption_alg, registered.request_object_encryption_enc
        opened = encryption.decrypt(
            text,
            self._keyring.decryption_keys(),
            algorithms=ENCRYPTION_ALGORITHMS if algorithm is None else (algorithm,),
            encryptions=CONTENT_ENCRYPTIONS if content is None else (content,),
        )
        return opened.payload.decode("ascii", errors="replace")

    def _check_parties(self, client: Client, claims: Mapping[str, Any]) -> None:
        """Made by this client, for this server, and no client assertion in disguise (RFC 9101 §5, §10.8)."""
        strict = client.policy.request_lifetime > 0
        if claims.get("iss", None if strict else client.id) != client.id:
            raise _refusal("request_object_issuer_wrong")
        audience = claims.get("aud", None if strict else self._issuer)
        if self._issuer not in (audience if isinstance(audience, list) else [audience]):
            raise _refusal("request_object_audience_wrong")
        if claims.get("client_id", client.id) != client.id:
            raise _refusal("request_object_client_wrong")
        if claims.get("sub") == client.id:
            raise _refusal("request_object_is_assertion")
        if "request" in claims or "request_uri" in claims:
            raise _refusal("request_object_nested")


def _algorithms(client: Client) -> frozenset[str]:
    registered = client.extensions.request_object_signing_alg
    allowed = client.policy.signing_algorithms
    return allowed if registered is None else allowed & {registered}


def _check_times(client: Client, claims: Mapping[str, Any]) -> None:
    """Good now; with a limited lifetime `nbf` and `exp` are there and no further apart than it allows."""
    now, lifetime = validity.timestamp(), client.policy.request_lifetime
    times = {name: _time(claims, name) for name in ("exp", "nbf", "iat")}
    expires, begins, made = times["exp"], times["nbf"], times["iat"]
    if expires is not None and expires <= now:
        raise _refusal("request_object_expired")
    if any(moment is not None and moment > now + FUTURE_SECONDS for moment in (begins, made)):
        raise _refusal("request_object_not_yet_valid")
    if not lifetime:
        return
    if expires is None or begins is None:
        raise _refusal("request_object_without_times")
    if expires - begins > lifetime:
        raise _refusal("request_object_too_long_valid")


def _time(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise _refusal("request_object_time_malformed")
    return value


def _parameters(claims: Mapping[str, Any]) -> Parameters:
    """Claims as parameters: numbers as text, objects as JSON, a list of texts as a repeated parameter."""
    if not json_values.can_be_kept(claims):
        raise _refusal("request_object_parameter_malformed")
    pairs: list[tuple[str, str]] = []
    for name, value in claims.items():
        if name in OF_THE_TOKEN:
            continue
        if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
            pairs += [(name, item) for item in value]
        else:
            pairs.append((name, _text(value)))
    return Parameters(pairs)


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None:
        raise _refusal("request_object_parameter_malformed")
    if isinstance(value, int):
        return str(value)
    return orjson.dumps(value).decode()


def _refusal(reason: str, details: dict[str, str] | None = None) -> InvalidRequestObject:
    return InvalidRequestObject(WORDS, reason=reason, spec="RFC 9101 §6", details=details)


def _unreachable(client: Client, why: str) -> InvalidRequestURI:
    return InvalidRequestURI(
        "The request object cannot be fetched.",
        reason="request_uri_unreachable",
        spec="OIDC Core §6.2.3",
        details={"client_id": client.id, "why": why},
    )
