"""Codes that a person types."""

from __future__ import annotations

import pytest

from authserver.protocol import user_codes


def test_a_code_has_eight_letters_of_the_alphabet() -> None:
    codes = {user_codes.generate() for _ in range(50)}
    assert len(codes) == 50
    assert all(len(code) == 8 and set(code) <= set("BCDFGHJKLMNPQRSTVWXZ") for code in codes)


def test_a_code_is_shown_in_two_halves() -> None:
    assert user_codes.shown("WDJBMJHT") == "WDJB-MJHT"


@pytest.mark.parametrize("typed", ["WDJB-MJHT", "wdjbmjht", " WDJB MJHT ", "WDJB–MJHT", "w.d.j.b.m.j.h.t"])
def test_however_it_is_typed_it_is_the_same_code(typed: str) -> None:
    assert user_codes.normalised(typed) == "WDJBMJHT"


@pytest.mark.parametrize("typed", ["", "WDJBMJH", "WDJBMJHTT", "ADJBMJHT", "WDJB-MJH0", "ẂDJBMJHT", "١٢٣٤٥٦٧٨"])
def test_what_cannot_be_a_code_is_none(typed: str) -> None:
    assert user_codes.normalised(typed) is None
