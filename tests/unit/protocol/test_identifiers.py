from __future__ import annotations

import uuid
from itertools import count

import pytest

from authserver.protocol.identifiers import looks_like_id, new_id


def test_ids_are_version_7_and_differ() -> None:
    made = {new_id() for _ in range(100)}
    assert len(made) == 100
    for text in made:
        assert (uuid.UUID(text).version, uuid.UUID(text).variant, str(uuid.UUID(text))) == (7, uuid.RFC_4122, text)


def test_ids_of_one_millisecond_sort_in_the_order_in_which_they_were_made(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = count(1_772_452_800_000_000_000, 1_000)
    monkeypatch.setattr("time.time_ns", lambda: next(moments))
    made = [new_id() for _ in range(2_500)]
    assert made == sorted(made)


@pytest.mark.parametrize(
    "text", ["app", "x" * 36, new_id()[:-1], new_id().replace("-", "_")], ids=["word", "length", "short", "underscores"]
)
def test_other_text_does_not_look_like_one(text: str) -> None:
    assert not looks_like_id(text)
    assert looks_like_id(new_id())
