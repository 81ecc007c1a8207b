from __future__ import annotations

import uuid

import pytest

from authserver.protocol.identifiers import looks_like_id, new_id


def test_ids_are_version_7_and_differ() -> None:
    made = {new_id() for _ in range(100)}
    assert len(made) == 100
    for text in made:
        assert (uuid.UUID(text).version, uuid.UUID(text).variant, str(uuid.UUID(text))) == (7, uuid.RFC_4122, text)


@pytest.mark.parametrize(
    "text", ["app", "x" * 36, new_id()[:-1], new_id().replace("-", "_")], ids=["word", "length", "short", "underscores"]
)
def test_other_text_does_not_look_like_one(text: str) -> None:
    assert not looks_like_id(text)
    assert looks_like_id(new_id())
