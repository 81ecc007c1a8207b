"""What is never written down."""

from __future__ import annotations

import base64
import secrets
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authserver.telemetry.redaction import REDACTED, is_secret_name, redact_field, redact_text

CANARY = "Canary7Hidden"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJDYW5hcnk3SGlkZGVuIn0.c2lnbmF0dXJlQ2FuYXJ5N0hpZGRlbg"
HANDLE = base64.urlsafe_b64encode(bytes(range(100, 140))).decode().rstrip("=")

TEXTS = [
    f"password={CANARY}&next=1",
    f"grant_type=password&password={CANARY}",
    f'{{"password": "{CANARY} and more {CANARY}", "x": 1}}',
    f"{{'client_secret': '{CANARY}'}}",
    f'{{\\"refresh_token\\": \\"{CANARY}\\"}}',
    f"client_secret = {CANARY}",
    f"old_password: {CANARY}",
    f"?code={CANARY}&state=1",
    f"code_verifier={CANARY}",
    f"client_assertion={CANARY}",
    f"refresh_token%3D{CANARY}",
    f"token={CANARY}",
    f"id_token_hint={CANARY}",
    f"otp={CANARY} accepted",
    f"totp_secret={CANARY}",
    f"Authorization: Basic {CANARY} {CANARY}",
    f"authorization: {CANARY}",
    f"Cookie: a={CANARY}; b={CANARY}",
    f"Set-Cookie: __Host-sso={CANARY}; Path=/",
    f"sent Bearer {CANARY}",
    f"sent DPoP {CANARY}",
    f"basic {CANARY}",
    f"DPoP: {CANARY}",
    f"postgresql://auth:{CANARY}@db/auth",
    f"RequestError(Parameters(password='{CANARY}'))",
    f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----",
    f"$argon2id$v=19$m=19456,t=2,p=1${CANARY}${CANARY}",
    f"csrf_token={CANARY}",
    f"X-Api-Key: x, api_key={CANARY}",
]


@pytest.mark.parametrize("text", TEXTS)
def test_secrets_leave_no_trace_in_a_text(text: str) -> None:
    assert CANARY not in redact_text(text)


@pytest.mark.parametrize("text", [JWT, f"got {JWT}.", f"/cb?x={JWT}", f"({JWT})", JWT.rsplit(".", 1)[0] + "."])
def test_tokens_are_known_by_their_look(text: str) -> None:
    assert not set(JWT.split(".")) & set(
        redact_text(text).replace("?x=", " ").replace(")", " ").replace(".", " ").split()
    )


@pytest.mark.parametrize("text", [HANDLE, f"lookup of {HANDLE} failed", f"/login?interaction={HANDLE}&step=1"])
def test_opaque_handles_are_known_by_their_look(text: str) -> None:
    assert HANDLE not in redact_text(text)


@given(st.binary(min_size=40, max_size=40))
def test_any_handle_is_hidden(random: bytes) -> None:
    handle = base64.urlsafe_b64encode(random).decode().rstrip("=")
    if handle.upper() != handle and handle.lower() != handle:
        assert handle not in redact_text(f"value {handle}")


def test_a_long_secret_of_a_client_is_hidden() -> None:
    secret = secrets.token_urlsafe(32)
    assert secret not in redact_text(f"tried {secret} for demo")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mail to jane.doe@example.org sent", "mail to j***@example.org sent"),
        ("login_hint jane%40example.org", "login_hint j***%40example.org"),
        ("jane+tag@mail.example.co.uk", "j***@mail.example.co.uk"),
    ],
)
def test_addresses_of_people_are_masked(text: str, expected: str) -> None:
    assert redact_text(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "request",
        "/oauth2/token",
        "client authentication failed: token_endpoint_auth_method=client_secret_basic",
        "token_type=Bearer",
        "Bearer authentication is required",
        "status_code=400",
        "018f2f6a-7b9c-7c3a-9f63-0c8f3f6d0d11",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "https://app.example/cb refused, not registered",
    ],
)
def test_ordinary_texts_stay_as_they_are(text: str) -> None:
    assert redact_text(text) == text


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "newPassword",
        "client_secret",
        "access_token",
        "id-token",
        "Authorization",
        "Set-Cookie",
        "code",
        "code_verifier",
        "totp_secret",
        "private_key",
        "dpop",
        "username",
        "phone_number",
        "csrf_token",
        "password_hash",
    ],
)
def test_secret_names_are_known(name: str) -> None:
    assert is_secret_name(name)
    assert redact_field(name, CANARY) == REDACTED


@pytest.mark.parametrize(
    "name", ["client_id", "status", "route", "token_type", "status_code", "kid", "encode", "scope"]
)
def test_other_names_are_not_secret(name: str) -> None:
    assert not is_secret_name(name)


def test_containers_are_walked() -> None:
    value = {"form": {"password": CANARY, "list": [f"token={CANARY}"]}, "raw": CANARY.encode(), "ok": [1, True, None]}
    assert CANARY not in str(redact_field("request", value))
    assert redact_field("request", value)["ok"] == [1, True, None]


def test_a_secret_that_holds_a_list_or_number_is_hidden_whole() -> None:
    assert redact_field("tokens", [CANARY]) == REDACTED
    assert redact_field("pin", 1234) == REDACTED


def test_endless_containers_end() -> None:
    value: dict[str, object] = {}
    value["again"] = value
    assert "[deep]" in str(redact_field("value", value))


def test_public_names_may_hold_what_looks_like_a_handle() -> None:
    assert redact_field("kid", HANDLE) == HANDLE
    assert redact_field("note", HANDLE) == REDACTED


def test_unknown_objects_are_shown_by_their_text() -> None:
    assert redact_field("error", ValueError(f"password={CANARY}")) == f"password={REDACTED}"


@pytest.mark.parametrize(
    "words",
    [
        "a",
        "secret",
        "token-",
        "a-",
        "a.",
        "+",
        "a'",
        "'",
        "a@",
        "aA",
        "bearer ",
        'code="',
        "://a:",
        "-----BEGIN A ",
        "=b'",
    ],
)
def test_long_words_of_a_stranger_cost_no_more_than_reading_them(words: str) -> None:
    """Time of this process, not of the clock: a pattern that starts anew at every letter takes a hundred times this."""
    text = "code@" + words * (32_768 // len(words))
    began = time.process_time()
    redact_text(text)
    assert time.process_time() - began < 2
