"""Texts of settings and the values they become."""

from __future__ import annotations

import base64
from typing import Any

import limits
import pytest

from authserver.settings.schema import DEFAULTS, DEFINITIONS
from authserver.settings.values import parse


def read(name: str, raw: Any) -> Any:
    return parse(name, DEFINITIONS[name], DEFAULTS[name], raw)


@pytest.mark.parametrize(
    ("text", "seconds"), [("900", 900), ("90s", 90), ("15m", 900), ("2h", 7200), ("0.5h", 1800), (" 15 m ", 900)]
)
def test_durations_have_units(text: str, seconds: int) -> None:
    assert read("access_token_ttl", text) == seconds


def test_days_and_weeks_are_durations_too() -> None:
    assert (read("refresh_token_idle_ttl", "7d"), read("refresh_token_idle_ttl", "2w")) == (604800, 1209600)


@pytest.mark.parametrize("text", ["", "15 minutes", "-5", "1h30m", "15x", "1500ms", "nan", "١٥m"])
def test_other_durations_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="takes"):
        read("access_token_ttl", text)


def test_a_fraction_of_a_second_is_accepted_where_it_makes_sense() -> None:
    assert read("outbound_timeout", "1500ms") == 1.5


@pytest.mark.parametrize("name", ["access_token_ttl", "code_ttl", "port", "password_min_length", "max_body_bytes"])
def test_numbers_beyond_their_bounds_are_refused(name: str) -> None:
    for beyond in (DEFINITIONS[name].minimum - 1, DEFINITIONS[name].maximum + 1):  # type: ignore[operator]
        with pytest.raises(ValueError, match="must be at"):
            read(name, int(beyond))


def test_an_access_token_lives_two_hours_at_most() -> None:
    assert read("access_token_ttl", "2h") == 7200
    with pytest.raises(ValueError, match="at most 7200 seconds"):
        read("access_token_ttl", "121m")


def test_a_code_lives_ten_minutes_at_most() -> None:
    with pytest.raises(ValueError, match="at most 600 seconds"):
        read("code_ttl", 601)


def test_sizes_have_units() -> None:
    assert [read("max_body_bytes", text) for text in ("65536", "64KiB", "64k", "1MiB")] == [
        65536,
        65536,
        65536,
        1 << 20,
    ]


@pytest.mark.parametrize(("text", "value"), [("on", True), ("TRUE", True), ("0", False), ("off", False), (True, True)])
def test_flags_have_several_words(text: Any, value: bool) -> None:
    assert read("rate_limits", text) is value


def test_a_flag_is_not_guessed() -> None:
    with pytest.raises(ValueError, match="on or off"):
        read("rate_limits", "maybe")


def test_choices_forgive_case_and_short_names() -> None:
    assert (read("environment", "prod"), read("signing_algorithm", "eddsa")) == ("production", "EdDSA")


def test_lists_are_separated_by_commas_or_blanks() -> None:
    assert read("allowed_hosts", "a.example, b.example c.example") == ("a.example", "b.example", "c.example")


def test_limits_are_those_that_the_limits_library_reads() -> None:
    for name, definition in DEFINITIONS.items():
        if definition.kind == "limit":
            assert limits.parse_many(DEFAULTS[name])
    for text in ("10/minute", "5 per 2 hours", "100/hour;10/minute"):
        assert limits.parse_many(read("rate_limit_login", text))


@pytest.mark.parametrize("text", ["10", "ten/minute", "10/fortnight", "10/minute;", ""])
def test_other_limits_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="rates"):
        read("rate_limit_login", text)


def test_a_sealing_key_is_32_bytes_in_any_usual_spelling() -> None:
    key = bytes(range(224, 256))
    spellings = (base64.b64encode(key).decode(), base64.urlsafe_b64encode(key).decode().rstrip("="), key.hex(), key)
    assert {read("sealing_key", spelling) for spelling in spellings} == {key}


@pytest.mark.parametrize("text", ["short", "a" * 33, base64.b64encode(bytes(31)).decode(), "é" * 32])
def test_other_sealing_keys_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="openssl rand -base64 32"):
        read("sealing_key", text)


def test_text_is_not_a_table() -> None:
    with pytest.raises(ValueError, match="takes text"):
        read("issuer", {"a": 1})
