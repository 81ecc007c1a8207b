from __future__ import annotations

from typing import Any

import pytest

from authserver.protocol.policy import DEFAULT, parse_override


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("pkce", "optional", "optional"),
        ("code_ttl", "30", 30),
        ("rotate_refresh_tokens", "off", False),
        ("reuse_ends_session", "YES", True),
        ("response_modes", "query, form_post", frozenset({"query", "form_post"})),
        ("required_acr", "", ""),
        ("access_token_format", "opaque", "opaque"),
    ],
)
def test_text_becomes_the_type_of_the_field(key: str, text: str, value: Any) -> None:
    assert parse_override(key, text) == value


@pytest.mark.parametrize(
    ("key", "text", "words"),
    [
        ("nonsense", "1", "unknown policy"),
        ("code_ttl", "soon", "whole number"),
        ("code_ttl", "-1", "whole number"),
        ("rotate_refresh_tokens", "maybe", "true or false"),
        ("pkce", "plain", "required, public, pushed, optional"),
        ("required_acr", "9", "one of nothing, 1"),
    ],
)
def test_mistake_is_answered_with_what_is_allowed(key: str, text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_override(key, text)


def test_default_is_oauth_2_1() -> None:
    assert (DEFAULT.pkce, DEFAULT.response_types, DEFAULT.rotate_refresh_tokens) == ("required", {"code"}, True)
