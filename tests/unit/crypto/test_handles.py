"""Opaque handles: what is refused without a query, and what the database keeps."""

from __future__ import annotations

import base64

import pytest

from authserver.crypto.derivation import decode, encode
from authserver.crypto.handles import Handles, Kind

PEPPER = b"p" * 32


@pytest.fixture
def handles() -> Handles:
    return Handles(PEPPER)


@pytest.mark.parametrize("kind", Kind)
def test_an_issued_handle_leads_to_its_digest(handles: Handles, kind: Kind) -> None:
    handle = handles.issue(kind)
    assert handles.digest(kind, handle.value) == handle.digest
    assert Handles(PEPPER).digest(kind, handle.value) == handle.digest


def test_a_handle_has_256_random_bits_and_one_length(handles: Handles) -> None:
    values = {handles.issue(Kind.CODE).value for _ in range(50)}
    assert len(values) == 50
    assert {len(value) for value in values} == {54}
    assert len({decode(value)[:32] for value in values}) == 50  # type: ignore[index]


def test_a_handle_is_nothing_as_another_kind(handles: Handles) -> None:
    handle = handles.issue(Kind.CODE)
    assert [handles.digest(kind, handle.value) for kind in Kind if kind is not Kind.CODE] == [None] * (len(Kind) - 1)


def test_kinds_have_different_digests_and_checksums(handles: Handles) -> None:
    digests = {handles._digest(kind, b"r" * 32) for kind in Kind}
    checksums = {handles._checksum(kind, b"r" * 32) for kind in Kind}
    assert len(digests) == len(checksums) == len(Kind)


def test_every_changed_character_is_noticed_before_a_query(handles: Handles) -> None:
    value = handles.issue(Kind.REFRESH_TOKEN).value
    for position, char in enumerate(value):
        changed = value[:position] + ("A" if char != "A" else "B") + value[position + 1 :]
        assert handles.digest(Kind.REFRESH_TOKEN, changed) is None


def test_a_second_spelling_of_the_same_bytes_is_refused(handles: Handles) -> None:
    value = handles.issue(Kind.CODE).value
    data = base64.urlsafe_b64decode(value + "==")
    spellings = [value[:-1] + char for char in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"]
    same = [text for text in spellings if base64.urlsafe_b64decode(text + "==") == data]
    assert len(same) > 1
    assert [text for text in same if handles.digest(Kind.CODE, text)] == [value]


@pytest.mark.parametrize("garbage", ["", "x", "é" * 54, "=" * 54, " " * 54, "A" * 54, "A" * 53, "A" * 100_000])
def test_garbage_needs_no_query(handles: Handles, garbage: str) -> None:
    assert handles.digest(Kind.ACCESS_TOKEN, garbage) is None


def test_another_pepper_makes_every_handle_garbage(handles: Handles) -> None:
    assert Handles(b"q" * 32).digest(Kind.CODE, handles.issue(Kind.CODE).value) is None


def test_the_digest_cannot_be_computed_without_the_pepper(handles: Handles) -> None:
    random = b"r" * 32
    assert handles._digest(Kind.CODE, random) != Handles(b"q" * 32)._digest(Kind.CODE, random)


def test_a_short_pepper_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 16 bytes"):
        Handles(b"short")


def test_a_handle_does_not_print_itself(handles: Handles) -> None:
    handle = handles.issue(Kind.CODE)
    assert handle.value not in repr(handle)


@pytest.mark.parametrize("text", ["A", "AB=", "AB==", "A B", "AB\n", "A+", "A/", "ÄÖ"])
def test_only_canonical_base64url_is_decoded(text: str) -> None:
    assert decode(text) is None


def test_base64url_round_trips() -> None:
    assert all(decode(encode(bytes(range(length)))) == bytes(range(length)) for length in range(40))
