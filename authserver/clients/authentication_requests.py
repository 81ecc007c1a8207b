"""Signed authentication requests (CIBA Core §7.1.1): what a client asks for in the background, signed with its key.

A request counts once: its `jti` is kept while it is valid, in a store that
refuses rather than forgets. Somebody who got hold of one cannot ring a person again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import orjson

from authserver.clients.directory import Client
from authserver.clients.keys import ClientKeys
from authserver.protocol import json_values, validity
from authserver.protocol.errors import InvalidRequest, InvalidToken
from authserver.protocol.messages import Parameters
from authserver.storage.ephemeral import Ephemeral
from authserver.tokens import foreign

OF_THE_TOKEN: Final = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti"})
"""Claims about the request itself; all of them are required."""
OF_JSON: Final = frozenset({"authorization_details"})
"""Parameters whose value is JSON, and which a JWT therefore holds as it is (RFC 9396 §2)."""
LONGEST_LIFE: Final = 3600
LONGEST_JTI: Final = 255
FUTURE_SECONDS: Final = 60
WORDS: Final = "The signed authentication request is not valid."


class AuthenticationRequests:
    """Reads signed authentication requests; nothing in one chooses its key or algorithm.

    Args:
        ephemeral: remembers which requests were used.
    """

    def __init__(self, issuer: str, keys: ClientKeys, ephemeral: Ephemeral) -> None:
        self._issuer = issuer
        self._keys = keys
        self._ephemeral = ephemeral

    def read(self, client: Client, text: str) -> Parameters:
        """The parameters that `client` signed; the request is used up.

        Raises:
            InvalidRequest: the signature or a claim is wrong or missing, or it was used before; `reason` says which.
        """
        registered = client.extensions.backchannel_authentication_request_signing_alg
        if registered is None:
            raise _refusal("request_not_registered")
        try:
            token = foreign.parse(text)
            claims = foreign.verify(token, self._keys.of(client, token.kid), {registered})
        except InvalidToken as error:
            raise _refusal(f"request_{error.reason}") from error
        lifetime = self._check(client, claims)
        parameters = _parameters(claims)
        # Last of all: what nobody could have been asked with is not used up.
        if not self._ephemeral.once(f"authentication request {client.id} {claims['jti']}", lifetime):
            raise _refusal("request_replayed")
        return parameters

    def _check(self, client: Client, claims: Mapping[str, Any]) -> float:
        """The seconds for which the request is still good, rounded up as its end is."""
        if claims.get("iss") != client.id:
            raise _refusal("request_issuer_wrong")
        audience = claims.get("aud")
        if self._issuer not in (audience if isinstance(audience, list) else [audience]):
            raise _refusal("request_audience_wrong")
        jti = claims.get("jti")
        if not isinstance(jti, str) or not 0 < len(jti) <= LONGEST_JTI:
            raise _refusal("request_without_jti")
        expires, begins, made = (_time(claims, name) for name in ("exp", "nbf", "iat"))
        now = validity.timestamp()
        if expires <= now:
            raise _refusal("request_expired")
        if max(begins, made) > now + FUTURE_SECONDS:
            raise _refusal("request_not_yet_valid")
        if expires - begins > LONGEST_LIFE:
            raise _refusal("request_too_long_valid")
        return math.ceil(expires - now)


def _time(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _refusal(f"request_without_{name}")
    return value


def _parameters(claims: Mapping[str, Any]) -> Parameters:
    """Claims as parameters: numbers as text, what is JSON anyway as such, a list of texts as a repeated parameter."""
    if not json_values.can_be_kept(claims):
        raise _refusal("request_parameter_malformed")
    pairs: list[tuple[str, str]] = []
    for name, value in claims.items():
        if name in OF_THE_TOKEN:
            continue
        if name in OF_JSON and isinstance(value, list):
            pairs.append((name, orjson.dumps(value).decode()))
            continue
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, bool) or not isinstance(item, str | int):
                raise _refusal("request_parameter_malformed")
            pairs.append((name, str(item)))
    return Parameters(pairs)


def _refusal(reason: str) -> InvalidRequest:
    return InvalidRequest(WORDS, reason=reason, spec="CIBA Core §7.1.1")
