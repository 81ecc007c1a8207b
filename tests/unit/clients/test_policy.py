"""Profiles and overrides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from authserver.clients import policy
from authserver.protocol.errors import ValidationError
from authserver.settings import Settings


def validate(profile: str = "default", is_public: bool = False, is_native: bool = False, **overrides: Any) -> None:
    policy.validate(profile, overrides, is_public=is_public, is_native=is_native)


def test_registration_and_overrides_are_folded_into_the_profile() -> None:
    found = policy.policy_of("oidc", {"code_ttl": 30, "response_modes": ["query"]}, ["authorization_code"], ["code"])
    assert (found.pkce, found.code_ttl, found.response_modes) == ("public", 30, {"query"})
    assert (found.grant_types, found.response_types) == ({"authorization_code"}, {"code"})


def test_unknown_stored_keys_of_another_version_are_ignored() -> None:
    assert policy.policy_of("default", {"from_the_future": 1}, [], []).code_ttl == 60


def test_settings_set_the_lifetimes_of_the_profiles(make_settings: Callable[..., Settings]) -> None:
    profiles = policy.profiles(make_settings(refresh_grace=0, access_token_ttl=300))
    assert {(item.refresh_grace, item.access_token_ttl) for item in profiles.values()} == {(0, 300)}


def test_overrides_are_read_from_text() -> None:
    read = policy.parse_overrides(["code_ttl=30", "rotate_refresh_tokens = no", "response_modes=query,form_post"])
    assert read == {"code_ttl": 30, "rotate_refresh_tokens": False, "response_modes": {"query", "form_post"}}
    assert policy.stored(read)["response_modes"] == ["form_post", "query"]


@pytest.mark.parametrize("text", ["code_ttl", "unknown=1", "code_ttl=soon", "consent=never", "id_token_claims=maybe"])
def test_text_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        policy.parse_overrides([text])


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"unknown": 1}, "unknown policy"),
        ({"grant_types": frozenset({"password"})}, "--grant"),
        ({"code_ttl": 601}, "5 to 600"),
        ({"code_ttl": "60"}, "like 60"),
        ({"refresh_grace": 121}, "0 to 120"),
        ({"refresh_idle_ttl": 100 * 86400}, "refresh_max_ttl"),
        ({"consent": "never"}, "remember"),
        ({"response_modes": frozenset({"sms"})}, "form_post"),
        ({"pkce": "public"}, "profile oidc"),
    ],
)
def test_override_out_of_bounds_is_refused_with_what_is_allowed(overrides: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        validate(**overrides)


def test_public_client_cannot_go_without_pkce() -> None:
    validate("oidc", pkce="optional")
    with pytest.raises(ValidationError, match="RFC 9700"):
        validate("oidc", is_public=True, pkce="optional")


def test_refresh_tokens_of_public_clients_rotate() -> None:
    validate(rotate_refresh_tokens=False)
    with pytest.raises(ValidationError, match="RFC 9700"):
        validate(is_public=True, rotate_refresh_tokens=False)


def test_native_application_is_never_approved_silently() -> None:
    validate(consent="skip")
    with pytest.raises(ValidationError, match="RFC 8252"):
        validate(is_native=True, consent="skip")


def test_stricter_than_the_profile_is_welcome() -> None:
    stricter = {"pkce": "required", "consent": "always", "required_acr": "2"}
    validate("oidc", **stricter)
    found = policy.policy_of("oidc", stricter, [], [])
    assert (found.pkce, found.consent, found.required_acr) == ("required", "always", "2")
