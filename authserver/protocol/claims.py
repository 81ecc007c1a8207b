"""The `claims` request parameter (OIDC Core §5.5): which claims are wanted where, one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import orjson

from authserver.protocol import json_values

MOST_CLAIMS: Final = 100
"""Claims that one request may name, in both places together."""

ClaimRequests = Mapping[str, Mapping[str, Any] | None]
_NONE: Final[ClaimRequests] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ClaimsRequest:
    """What is wanted at UserInfo and in the ID token; None as a value asks in the default way (§5.5.1)."""

    userinfo: ClaimRequests = field(default_factory=lambda: _NONE)
    id_token: ClaimRequests = field(default_factory=lambda: _NONE)

    @property
    def names(self) -> frozenset[str]:
        """Every claim that is asked for in either place."""
        return frozenset(self.userinfo) | frozenset(self.id_token)

    def only(self, names: Iterable[str]) -> ClaimsRequest:
        """The same request without any other claim."""
        kept = frozenset(names)
        return ClaimsRequest(_only(self.userinfo, kept), _only(self.id_token, kept))

    def to_document(self) -> dict[str, Any] | None:
        """As a grant keeps it; None where nothing is asked for."""
        members = {"userinfo": dict(self.userinfo), "id_token": dict(self.id_token)}
        return {name: value for name, value in members.items() if value} or None

    @property
    def essential_acrs(self) -> tuple[str, ...]:
        """The authentication levels of which one must be reached (§5.5.1.1); empty where none must."""
        request = self.id_token.get("acr") or {}
        return _values(request) if request.get("essential") else ()

    @property
    def subject(self) -> str | None:
        """The one subject that the answer may be about (§5.5.1)."""
        for place in (self.id_token, self.userinfo):
            value = (place.get("sub") or {}).get("value")
            if isinstance(value, str):
                return value
        return None


NOTHING: Final = ClaimsRequest()


def parse(text: str) -> ClaimsRequest:
    """Read the parameter. Members and claims that are not known are kept or ignored, never refused (§5.5).

    Raises:
        ValueError: it is not JSON of the form in §5.5; the message says what is wrong.
    """
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ValueError("claims is not JSON") from error
    if not isinstance(document, dict):
        raise ValueError("claims takes a JSON object")
    if not json_values.can_be_kept(document):
        raise ValueError(f"claims may be {json_values.DEEPEST} levels deep, and hold no NUL")
    found = ClaimsRequest(_place(document, "userinfo"), _place(document, "id_token"))
    if len(found.userinfo) + len(found.id_token) > MOST_CLAIMS:
        raise ValueError(f"claims may name {MOST_CLAIMS} claims")
    return found


def _place(document: Mapping[str, Any], name: str) -> ClaimRequests:
    requests = document.get(name)
    if requests is None:
        return _NONE
    if not isinstance(requests, dict):
        raise ValueError(f"{name} in claims takes a JSON object")
    for request in requests.values():
        if request is not None and not _is_request(request):
            raise ValueError("each claim takes null or an object with essential, value or values")
    return MappingProxyType(requests)


def _is_request(request: object) -> bool:
    if not isinstance(request, dict):
        return False
    return isinstance(request.get("essential", False), bool) and isinstance(request.get("values", []), list)


def _values(request: Mapping[str, Any]) -> tuple[str, ...]:
    wanted = [request["value"]] if "value" in request else request.get("values", [])
    return tuple(value for value in wanted if isinstance(value, str))


def _only(requests: ClaimRequests, names: frozenset[str]) -> ClaimRequests:
    return MappingProxyType({name: request for name, request in requests.items() if name in names})
