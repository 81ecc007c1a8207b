"""What clients say of themselves, completed by the defaults of the specifications and cut down to what they may have.

Registration and metadata documents come through here. Profile, resources and
everything that is not in the registry of client metadata stay the operator's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

from authserver.clients import policy as policies
from authserver.clients import wire
from authserver.clients.directory import open_to
from authserver.clients.metadata import ClientMetadata
from authserver.protocol import responses, uris
from authserver.protocol import scopes as scope_values
from authserver.protocol.errors import InvalidClientMetadata, UnacceptableRedirectURI, ValidationError
from authserver.protocol.policy import AUTHORIZATION_CODE, CIBA, CLIENT_CREDENTIALS, JWT_BEARER, TOKEN_EXCHANGE
from authserver.storage.unit import Unit

UNNAMED: Final = "Unnamed application"
RS256: Final = "RS256"

NOT_FOR_STRANGERS: Final = (CLIENT_CREDENTIALS, CIBA, TOKEN_EXCHANGE, JWT_BEARER)
"""Grants that need no person at the browser, or ring somebody's telephone: not for clients that nobody vouches for."""


def wanted(document: Mapping[str, Any], profile: str, *, by_stranger: bool) -> ClientMetadata:
    """What the document asks for, under the rules of `profile`.

    Raises:
        ValidationError: a member is of the wrong type, or a stranger asks for a grant that needs no person.
    """
    chosen = wire.read({name: value for name, value in document.items() if value is not None}).onto()
    if "grant_types" not in chosen:
        chosen["grant_types"] = _grants_for(chosen.get("response_types"))
    if by_stranger:
        _check_stranger(chosen["grant_types"])
    chosen.setdefault("scopes", frozenset(scope_values.STANDARD))
    chosen.setdefault("name", _name(chosen))
    asked = ClientMetadata(profile=profile, **chosen)
    return _with_algorithm(replace(asked, origins=_origins(asked)))


def permitted(unit: Unit, asked: ClientMetadata) -> ClientMetadata:
    """Of the scopes those that such clients may have; the answer says which (RFC 7591 §3.2.1)."""
    return replace(asked, scopes=asked.scopes & (open_to(unit).scopes | set(scope_values.STANDARD)))


def changes(asked: ClientMetadata) -> dict[str, Any]:
    """Everything that a client decides itself; the rest stays as it is."""
    return {name: getattr(asked, name) for name in (*wire.FIELDS, "extensions", "origins")}


def refusal(error: ValidationError) -> InvalidClientMetadata | UnacceptableRedirectURI:
    """What cannot be registered, in the words of RFC 7591 §3.2.2."""
    details = {"field": error.field}
    if error.field == "redirect_uris":
        return UnacceptableRedirectURI(
            error.message, reason="redirect_uri_refused", spec="RFC 7591 §3.2.2", details=details
        )
    return InvalidClientMetadata(error.message, reason="metadata_refused", spec="RFC 7591 §3.2.2", details=details)


def _grants_for(response_types: tuple[str, ...] | None) -> tuple[str, ...]:
    """The default is the code grant (RFC 7591 §2); with response types it is what they need."""
    if response_types is None:
        return (AUTHORIZATION_CODE,)
    return tuple(dict.fromkeys(grant for words in response_types for grant in responses.needed_grants(words)))


def _check_stranger(grants: tuple[str, ...]) -> None:
    for grant in NOT_FOR_STRANGERS:
        if grant in grants:
            raise ValidationError(f"the grant {grant} needs an initial access token", field="grant_types")


def _name(chosen: Mapping[str, Any]) -> str:
    """Without a name of its own a client is called as the place where it takes people (RFC 7591 §2)."""
    for uri in (chosen.get("client_uri"), *chosen.get("redirect_uris", ())):
        if isinstance(uri, str) and (host := urlsplit(uri).hostname):
            return host
    return UNNAMED


def _origins(asked: ClientMetadata) -> tuple[str, ...]:
    """A public client on the web is a page, which calls the token endpoint from where it takes people."""
    if not asked.is_public:
        return ()
    found: dict[str, None] = {}
    for uri in asked.redirect_uris:
        parts = urlsplit(uri)
        try:
            found[uris.normal_origin(f"{parts.scheme}://{parts.netloc}")] = None
        except ValidationError:
            continue
    return tuple(found)


def _with_algorithm(asked: ClientMetadata) -> ClientMetadata:
    """ID tokens are signed with RS256, where the profile has it, unless something else is asked for (OIDC Reg. §2)."""
    if asked.extensions.id_token_signed_response_alg is not None:
        return asked
    base = policies.base_of(asked.profile)
    alg = RS256 if RS256 in base.signing_algorithms else base.id_token_alg
    return replace(asked, extensions=replace(asked.extensions, id_token_signed_response_alg=alg))
