"""Names that differ from sector to sector."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authserver.crypto.pseudonyms import Pseudonyms, new_key
from authserver.protocol.identifiers import looks_like_id, new_id

NAMES = Pseudonyms(bytes(range(64)))
SECTORS = st.text(min_size=1, max_size=80)
AN_ID = "01a208a9-3807-710c-804f-caf0f8c0e377"


@given(sector=SECTORS, user=st.uuids().map(str))
def test_a_name_leads_back_to_the_person_in_its_sector_alone(sector: str, user: str) -> None:
    name = NAMES.of(sector, user)
    assert NAMES.of(sector, user) == name
    assert NAMES.user_of(sector, name) == user
    assert NAMES.user_of(sector + "x", name) is None
    assert NAMES.of(sector + "x", user) != name


def test_a_name_is_short_and_no_user_id() -> None:
    name = NAMES.of("app.example", new_id())
    assert len(name) == 43
    assert not looks_like_id(name)


@pytest.mark.parametrize("text", ["", "x", "A" * 43, "ä" * 43, "A" * 22, AN_ID, "A" * 4000])
def test_what_was_made_up_is_nobody(text: str) -> None:
    assert NAMES.user_of("app.example", text) is None


def test_another_key_gives_other_names_and_traces_none() -> None:
    user, other = new_id(), Pseudonyms(new_key())
    assert other.of("app.example", user) != NAMES.of("app.example", user)
    assert other.user_of("app.example", NAMES.of("app.example", user)) is None


def test_a_key_has_its_length() -> None:
    with pytest.raises(ValueError, match="64 bytes"):
        Pseudonyms(b"x" * 32)
