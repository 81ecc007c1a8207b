from __future__ import annotations

import pytest

from authserver.protocol import scopes


def test_list_is_split_at_spaces() -> None:
    assert scopes.parse("openid  a:b/c!  openid") == {"openid", "a:b/c!"}


@pytest.mark.parametrize("text", ['a"b', "a\\b", "a\tb", "ä", "a\nb"])
def test_illegal_characters_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="printable ASCII"):
        scopes.parse(text)
    assert not scopes.is_token(text)
