"""Everything that a client registers, checked in one place (RFC 7591 §2, OIDC Registration §2).

A `ClientMetadata` is what somebody wants; `validated` gives the same value in
its normal form, or names the first field that cannot be accepted and why.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from authserver.clients import extensions, logout_uris, rules
from authserver.clients import policy as policies
from authserver.clients.extensions import Extensions
from authserver.protocol import responses, uris
from authserver.protocol import scopes as scope_values
from authserver.protocol.errors import ValidationError
from authserver.protocol.exchange import rules_from
from authserver.protocol.policy import (
    AUTHENTICATION_METHODS,
    AUTHORIZATION_CODE,
    CIBA,
    CLIENT_CREDENTIALS,
    CODE,
    DEVICE_CODE,
    IMPLICIT,
    JWT_BEARER,
    REFRESH_TOKEN,
    RESPONSE_TYPES,
    SECRET_METHODS,
    TOKEN_EXCHANGE,
)

GRANTS = (
    AUTHORIZATION_CODE,
    REFRESH_TOKEN,
    CLIENT_CREDENTIALS,
    IMPLICIT,
    DEVICE_CODE,
    CIBA,
    TOKEN_EXCHANGE,
    JWT_BEARER,
)
GRANTS_OF_PEOPLE = (AUTHORIZATION_CODE, DEVICE_CODE, CIBA)
"""The grants that may yield a refresh token."""
APPLICATION_TYPES = ("web", "native")

LONGEST_NAME = 255
MOST_ITEMS = 100


@dataclass(frozen=True, slots=True)
class ClientMetadata:
    """What a client registers, in the words of RFC 7591 where it has them.

    `policy` holds overrides of the profile, `resources` the resources that it
    may ask for, `origins` those from which its scripts call (CORS). `response_types`
    is None for what the grants need.
    """

    name: str
    application_type: str = "web"
    profile: str = "default"
    policy: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    token_endpoint_auth_method: str = "client_secret_basic"
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    grant_types: tuple[str, ...] = ()
    response_types: tuple[str, ...] | None = None
    scopes: frozenset[str] = frozenset()
    origins: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    default_resource: str | None = None
    jwks: Mapping[str, Any] | None = None
    jwks_uri: str | None = None
    client_uri: str | None = None
    logo_uri: str | None = None
    policy_uri: str | None = None
    tos_uri: str | None = None
    contacts: tuple[str, ...] = ()
    first_party: bool = False
    extensions: Extensions = extensions.NONE

    @property
    def is_public(self) -> bool:
        """Whether the client has nothing to prove itself with."""
        return self.token_endpoint_auth_method == "none"

    @property
    def has_secret(self) -> bool:
        """Whether the client has a secret, to prove itself with or as a key."""
        proves = self.token_endpoint_auth_method in SECRET_METHODS
        return proves or (self.secret_is_key and not self.is_public)

    @property
    def secret_is_key(self) -> bool:
        """Whether the client's secret is a key too, for MACs or encryption, and so has to be kept sealed."""
        return self.token_endpoint_auth_method == "client_secret_jwt" or bool(self.extensions.secret_algorithms)

    @property
    def allowed_response_types(self) -> tuple[str, ...]:
        """The response types it registered, or the one that the code grant needs (RFC 7591 §2.1)."""
        if self.response_types is not None:
            return self.response_types
        return (CODE,) if AUTHORIZATION_CODE in self.grant_types else ()


def validated(
    wanted: ClientMetadata,
    known_scopes: Collection[str],
    known_resources: Collection[str],
    known_details: Collection[str] = (),
) -> ClientMetadata:
    """`wanted` in its normal form; `known_details` are the types of authorization details that are registered.

    Raises:
        ValidationError: a field cannot be accepted; `field` names it.
    """
    _check_words(wanted)
    _check_sizes(wanted)
    _check_grants(wanted)
    _check_response_types(wanted)
    _check_scopes(wanted, known_scopes)
    _check_resources(wanted, known_resources)
    native = wanted.application_type == "native"
    policies.validate(wanted.profile, wanted.policy, is_public=wanted.is_public, is_native=native)
    _check_exchange(wanted)
    checked = _with_checked_uris(wanted, native=native)
    logout_uris.check(checked.extensions, checked.redirect_uris)
    return rules.settled(replace(checked, name=checked.name.strip()), known_details)


def _check_words(wanted: ClientMetadata) -> None:
    name = wanted.name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise ValidationError(f"a name has 1 to {LONGEST_NAME} printable characters", field="name")
    _check_choice("application_type", wanted.application_type, APPLICATION_TYPES)
    _check_choice("token_endpoint_auth_method", wanted.token_endpoint_auth_method, AUTHENTICATION_METHODS)
    for grant in wanted.grant_types:
        _check_choice("grant_types", grant, GRANTS)


def _check_choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValidationError(f"{name} takes {', '.join(allowed)}, not {value!r}", field=name)


def _check_sizes(wanted: ClientMetadata) -> None:
    for name in ("redirect_uris", "post_logout_redirect_uris", "scopes", "origins", "resources", "contacts"):
        if len(getattr(wanted, name)) > MOST_ITEMS:
            raise ValidationError(f"at most {MOST_ITEMS} {name} may be registered", field=name)
    for contact in wanted.contacts:
        if len(contact) > LONGEST_NAME or not contact.isprintable():
            raise ValidationError(f"a contact has at most {LONGEST_NAME} printable characters", field="contacts")


def _check_grants(wanted: ClientMetadata) -> None:
    grants = wanted.grant_types
    if not grants:
        raise ValidationError(f"at least one grant is needed: {', '.join(GRANTS)}", field="grant_types")
    if CLIENT_CREDENTIALS in grants and wanted.is_public:
        raise ValidationError("client_credentials needs a client with a secret (RFC 6749 §4.4)", field="grant_types")
    if REFRESH_TOKEN in grants and not set(GRANTS_OF_PEOPLE).intersection(grants):
        raise ValidationError(
            "refresh_token needs a grant of a person beside it, authorization_code for example (RFC 6749 §4.4.3)",
            field="grant_types",
        )
    for grant in (AUTHORIZATION_CODE, IMPLICIT):
        if grant in grants and not wanted.redirect_uris:
            raise ValidationError(f"{grant} needs at least one redirect URI", field="redirect_uris")


def _check_response_types(wanted: ClientMetadata) -> None:
    """Each is known, allowed by the profile, and has the grants it needs (OIDC Registration §2)."""
    allowed = policies.base_of(wanted.profile).response_types
    for response_type in wanted.allowed_response_types:
        _check_choice("response_types", response_type, RESPONSE_TYPES)
        if response_type not in allowed:
            raise ValidationError(
                f"the profile {wanted.profile} does not allow the response type {response_type!r}",
                field="response_types",
            )
        for grant in responses.needed_grants(response_type):
            if grant not in wanted.grant_types:
                raise ValidationError(
                    f"the response type {response_type!r} needs the grant {grant}", field="response_types"
                )


def _check_scopes(wanted: ClientMetadata, known: Collection[str]) -> None:
    malformed = sorted(value for value in wanted.scopes if not scope_values.is_token(value))
    if malformed:
        raise ValidationError(f"{malformed[0]!r} is not a scope (RFC 6749 §3.3)", field="scope")
    unknown = sorted(wanted.scopes - set(known))
    if unknown:
        raise ValidationError(f"unknown scope {unknown[0]}; register it with a resource or on its own", field="scope")


def _check_resources(wanted: ClientMetadata, known: Collection[str]) -> None:
    unknown = sorted(set(wanted.resources) - set(known))
    if unknown:
        raise ValidationError(f"unknown resource {unknown[0]}", field="resources")
    if wanted.default_resource is not None and wanted.default_resource not in wanted.resources:
        raise ValidationError("the default resource must be one of the client's resources", field="default_resource")


def _check_exchange(wanted: ClientMetadata) -> None:
    """A rule allows nothing that the registration does not: its targets are the client's own resources."""
    for rule in rules_from(wanted.policy.get(policies.EXCHANGE, ())):
        foreign = sorted(rule.targets - set(wanted.resources))
        if foreign:
            raise ValidationError(f"exchange: {foreign[0]} is not one of the client's resources", field="policy")


def _with_checked_uris(wanted: ClientMetadata, *, native: bool) -> ClientMetadata:
    for uri in wanted.redirect_uris:
        uris.check_redirect_uri(uri, "redirect_uris", native=native)
    for uri in wanted.post_logout_redirect_uris:
        uris.check_redirect_uri(uri, "post_logout_redirect_uris", native=native)
    for name in ("client_uri", "logo_uri", "policy_uri", "tos_uri", "jwks_uri"):
        uri = getattr(wanted, name)
        if uri is not None:
            uris.check_web_uri(uri, name)
    return replace(
        wanted,
        redirect_uris=tuple(dict.fromkeys(wanted.redirect_uris)),
        post_logout_redirect_uris=tuple(dict.fromkeys(wanted.post_logout_redirect_uris)),
        grant_types=tuple(grant for grant in GRANTS if grant in wanted.grant_types),
        response_types=_in_order(wanted.response_types),
        origins=tuple(dict.fromkeys(uris.normal_origin(origin) for origin in wanted.origins)),
        resources=tuple(dict.fromkeys(wanted.resources)),
    )


def _in_order(response_types: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if response_types is None:
        return None
    return tuple(known for known in RESPONSE_TYPES if known in response_types)
