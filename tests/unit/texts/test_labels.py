"""What others wrote stands in a mail as text, never as an address that a mail program makes a link of."""

from __future__ import annotations

import pytest

from authserver.texts.labels import ZERO_WIDTH_SPACE, unlinked_label

JOINT = ZERO_WIDTH_SPACE


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Pay 10.50 to Acme Inc.", "Pay 10.50 to Acme Inc."),
        ("evil.example", f"evil.{JOINT}example"),
        ("https://10.0.0.1/", f"https:{JOINT}//10.0.0.1/"),
        ("mallory@evil.example", f"mallory@{JOINT}evil.{JOINT}example"),
        ("mailto:mallory", f"mailto:{JOINT}mallory"),
        ("a\r\nBcc: b", "a Bcc: b"),
        ("\u202eevil", "evil"),
    ],
)
def test_addresses_are_taken_apart(text: str, label: str) -> None:
    assert unlinked_label(text) == label


def test_what_is_seen_is_what_was_written() -> None:
    text = "See https://shop.example/order?id=7"
    assert unlinked_label(text).replace(JOINT, "") == text
