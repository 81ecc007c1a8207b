"""The rules of one client: a named profile, its registration, and overrides that do not weaken the profile.

Overrides may make a profile stricter or choose among what the specifications
leave open. What a specification forbids for this kind of client is refused
with the section that forbids it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any

from authserver.clients.extensions import NONE, Extensions
from authserver.protocol.errors import ValidationError
from authserver.protocol.exchange import rules_from
from authserver.protocol.policy import CHOICES, DEFAULT, PROFILES, SETS, ClientPolicy, parse_override
from authserver.settings.schema import Settings

REGISTERED = MappingProxyType({"grant_types": "--grant", "response_types": "the registered grants"})
"""Fields of a policy that registration decides, never an override."""

EXCHANGE = "exchange"
"""The field that holds rules, kept as their documents."""

DAY = 86400

BOUNDS: MappingProxyType[str, tuple[int, int]] = MappingProxyType(
    {
        "code_ttl": (5, 600),
        "request_lifetime": (0, DAY),
        "access_token_ttl": (10, DAY),
        "id_token_ttl": (10, DAY),
        "refresh_grace": (0, 120),
        "refresh_idle_ttl": (60, 366 * DAY),
        "refresh_max_ttl": (60, 366 * DAY),
    }
)
"""The least and the most seconds. A code of more than ten minutes is against RFC 6749 §4.1.2."""

_PKCE_STRENGTH = ("optional", "pushed", "public", "required")


def profiles(settings: Settings) -> Mapping[str, ClientPolicy]:
    """The base policies of an installation: those of the product with the lifetimes of its settings."""
    chosen: dict[str, Any] = {
        "code_ttl": settings.code_ttl,
        "access_token_ttl": settings.access_token_ttl,
        "id_token_ttl": settings.id_token_ttl,
        "refresh_grace": settings.refresh_grace,
        "refresh_idle_ttl": settings.refresh_token_idle_ttl,
        "refresh_max_ttl": settings.refresh_token_max_ttl,
    }
    return MappingProxyType(
        {name: replace(policy, **chosen, **_algorithms(policy, settings)) for name, policy in PROFILES.items()}
    )


def _algorithms(policy: ClientPolicy, settings: Settings) -> dict[str, Any]:
    """The algorithm that the settings choose, where the profile allows it."""
    chosen = settings.signing_algorithm
    if chosen not in policy.signing_algorithms:
        return {}
    return {"access_token_alg": chosen, "id_token_alg": chosen}


def policy_of(
    profile: str,
    overrides: Mapping[str, Any],
    grant_types: Iterable[str],
    response_types: Iterable[str],
    *,
    base: Mapping[str, ClientPolicy] = PROFILES,
    registered: Extensions = NONE,
) -> ClientPolicy:
    """The policy of a stored client. Overrides and registration were validated when they were stored.

    Raises:
        ValidationError: the profile is unknown.
    """
    known = {field.name for field in fields(ClientPolicy)} - set(REGISTERED)
    kept: dict[str, Any] = {key: _frozen(key, value) for key, value in overrides.items() if key in known}
    policy = replace(
        base_of(profile, base),
        **kept,
        grant_types=frozenset(grant_types),
        response_types=frozenset(response_types),
    )
    return _with_registration(policy, registered)


def _with_registration(policy: ClientPolicy, registered: Extensions) -> ClientPolicy:
    """What the client itself registered makes its policy stricter, or chooses what is left open."""
    stricter: dict[str, Any] = {}
    if registered.id_token_signed_response_alg is not None:
        stricter["id_token_alg"] = registered.id_token_signed_response_alg
    if registered.require_pushed_authorization_requests:
        stricter["pushed_requests"] = True
    if registered.require_signed_request_object:
        stricter["signed_requests"] = True
    if registered.dpop_bound_access_tokens:
        stricter["sender_constraint"] = "dpop"
    elif registered.tls_client_certificate_bound_access_tokens:
        stricter["sender_constraint"] = "mtls"
    return replace(policy, **stricter) if stricter else policy


def parse_overrides(pairs: Iterable[str]) -> dict[str, Any]:
    """Read `KEY=VALUE` texts.

    Raises:
        ValidationError: a text is not of that form, or the key or value is not known.
    """
    found: dict[str, Any] = {}
    for pair in pairs:
        key, separator, text = pair.partition("=")
        if not separator:
            raise ValidationError(f"{pair!r} is not of the form KEY=VALUE", field="policy")
        try:
            found[key.strip()] = parse_override(key.strip(), text.strip())
        except ValueError as error:
            raise ValidationError(str(error), field="policy") from error
    return found


def stored(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Overrides as the database keeps them."""
    return {key: sorted(value) if isinstance(value, frozenset) else value for key, value in overrides.items()}


def validate(profile: str, overrides: Mapping[str, Any], *, is_public: bool, is_native: bool) -> None:
    """Check overrides of a profile for one kind of client.

    Raises:
        ValidationError: the profile or a key is unknown, or a value is out of bounds or weakens
            the profile; the message says what is allowed.
    """
    base = base_of(profile)
    for key, value in overrides.items():
        _check_key(key)
        _check_value(key, value)
    effective = replace(base, **{key: _frozen(key, value) for key, value in overrides.items()})
    case = _Case(base, effective, is_public, is_native)
    for rule in RULES:
        complaint = rule(case)
        if complaint:
            raise ValidationError(complaint, field="policy")


def base_of(name: str, base: Mapping[str, ClientPolicy] = PROFILES) -> ClientPolicy:
    """The profile of this name. Raises ValidationError."""
    if name not in base:
        raise ValidationError(f"unknown profile {name!r}; known: {', '.join(sorted(base))}", field="profile")
    return base[name]


def _check_key(key: str) -> None:
    if key in REGISTERED:
        raise ValidationError(f"{key} is decided by {REGISTERED[key]}, not by the policy", field="policy")
    known = {field.name for field in fields(ClientPolicy)} - set(REGISTERED)
    if key not in known:
        raise ValidationError(f"unknown policy {key!r}; known: {', '.join(sorted(known))}", field="policy")


def _check_value(key: str, value: Any) -> None:
    sample = getattr(DEFAULT, key)
    if key == EXCHANGE:
        _check_rules(value)
        return
    if isinstance(sample, frozenset):
        if not value or set(value) - set(SETS[key]):
            raise ValidationError(f"{key} takes some of {', '.join(SETS[key])}", field="policy")
        return
    if type(value) is not type(sample):
        raise ValidationError(f"{key} takes a value like {sample!r}", field="policy")
    if key in CHOICES and value not in CHOICES[key]:
        raise ValidationError(f"{key} takes one of {', '.join(filter(None, CHOICES[key]))}", field="policy")
    if key in BOUNDS:
        least, most = BOUNDS[key]
        if not least <= value <= most:
            raise ValidationError(f"{key} takes {least} to {most} seconds", field="policy")


def _check_rules(value: Any) -> None:
    try:
        rules_from(value)
    except ValueError as error:
        raise ValidationError(str(error), field="policy") from error


@dataclass(frozen=True, slots=True)
class _Case:
    base: ClientPolicy
    policy: ClientPolicy
    is_public: bool
    is_native: bool


def _weakened_pkce(case: _Case) -> str | None:
    if _PKCE_STRENGTH.index(case.policy.pkce) >= _PKCE_STRENGTH.index(case.base.pkce):
        return None
    if case.is_public:
        return "pkce: public clients must use PKCE (RFC 9700 §2.1.1)"
    if case.base.pkce == "required":
        return "pkce: this profile requires PKCE of every client; the profile oidc leaves it to confidential ones"
    return None


def _weakened_profile(case: _Case) -> str | None:
    """What a profile demands stays demanded: an override chooses among what is left, never beside it."""
    base, policy = case.base, case.policy
    for name in ("pushed_requests", "signed_requests", "signed_responses", "explicit_requests"):
        if getattr(base, name) and not getattr(policy, name):
            return f"{name}: this profile demands it"
    for name in ("response_modes", "authentication_methods", "signing_algorithms"):
        beyond = getattr(policy, name) - getattr(base, name)
        if beyond:
            return f"{name}: this profile does not allow {min(beyond)}"
    if base.request_lifetime and not 0 < policy.request_lifetime <= base.request_lifetime:
        return f"request_lifetime: this profile allows 1 to {base.request_lifetime} seconds"
    if policy.outer_parameters and not base.outer_parameters:
        return "outer_parameters: this profile reads the request object alone (RFC 9101 §6.3)"
    if base.assertion_audience == "issuer" and policy.assertion_audience != "issuer":
        return "assertion_audience: this profile takes the issuer alone"
    return _weakened_constraint(base, policy)


def _weakened_constraint(base: ClientPolicy, policy: ClientPolicy) -> str | None:
    if base.sender_constraint in {"none", policy.sender_constraint}:
        return None
    if base.sender_constraint == "any" and policy.sender_constraint != "none":
        return None
    return "sender_constraint: this profile binds access tokens to a key"


def _forbidden_algorithm(case: _Case) -> str | None:
    for name in ("access_token_alg", "id_token_alg"):
        if getattr(case.policy, name) not in case.policy.signing_algorithms:
            return f"{name} takes {', '.join(sorted(case.policy.signing_algorithms))} here"
    return None


def _unbound_refresh_tokens(case: _Case) -> str | None:
    if case.is_public and not case.policy.rotate_refresh_tokens:
        return "rotate_refresh_tokens: refresh tokens of public clients must rotate (RFC 9700 §4.14.2)"
    return None


def _silent_native(case: _Case) -> str | None:
    if case.is_native and case.policy.consent == "skip":
        return "consent: native applications are never approved silently (RFC 8252 §8.6)"
    return None


def _contradicting_lifetimes(case: _Case) -> str | None:
    if case.policy.refresh_idle_ttl > case.policy.refresh_max_ttl:
        return "refresh_idle_ttl: a refresh token cannot outlive refresh_max_ttl"
    return None


RULES: tuple[Callable[[_Case], str | None], ...] = (
    _weakened_profile,
    _forbidden_algorithm,
    _weakened_pkce,
    _unbound_refresh_tokens,
    _silent_native,
    _contradicting_lifetimes,
)


def _frozen(key: str, value: Any) -> Any:
    if key == EXCHANGE:
        return rules_from(value)
    return frozenset(value) if isinstance(value, list) else value
