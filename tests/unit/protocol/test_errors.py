from __future__ import annotations

import pytest

from authserver.protocol import errors
from authserver.protocol.errors import ProtocolError, printable

# RFC 6749 §5.2: %x20-21 / %x23-5B / %x5D-7E
LEGAL = {chr(code) for code in range(0x20, 0x7F)} - {'"', "\\"}


def test_description_has_legal_characters_alone() -> None:
    text = "".join(chr(code) for code in range(0x250)) + "€😀"
    assert set(printable(text)) <= LEGAL
    assert len(printable(text)) == len(text)
    assert set(errors.InvalidScope(f"The scope {text} is not known.").description) <= LEGAL


def every(kind: type[ProtocolError]) -> list[type[ProtocolError]]:
    return [kind, *(found for sub in kind.__subclasses__() for found in every(sub))]


@pytest.mark.parametrize("kind", every(ProtocolError), ids=lambda kind: kind.__name__)
def test_every_refusal_has_a_code_and_a_reason(kind: type[ProtocolError]) -> None:
    error = kind("words", reason="why")
    assert set(error.code) <= set("abcdefghijklmnopqrstuvwxyz_")
    assert 400 <= error.status < 600
    assert "why" in str(error)
    assert kind("words").reason == kind.code


def test_refusal_keeps_its_effects() -> None:
    inner = errors.InvalidGrant("words")
    refused = errors.Refused(inner, print)
    assert (refused.error, refused.effects) == (inner, (print,))


def test_application_error_names_field_and_wait() -> None:
    error = errors.RateLimited("words", field="password", retry_after=5)
    assert (error.message, error.field, error.retry_after, error.status) == ("words", "password", 5, 429)


def test_details_hold_nothing_that_a_terminal_obeys() -> None:
    error = errors.InvalidRequest(reason="why", details={"typed": "a\x1b[31m\x9b\0\u202eb é"})
    assert error.details["typed"].isprintable()
    assert error.details["typed"].endswith("b é")
