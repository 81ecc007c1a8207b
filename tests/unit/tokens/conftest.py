"""One key for each algorithm, and a signature cache of each test's own."""

from __future__ import annotations

import pytest

from authserver.tokens import jose
from authserver.tokens.signature_cache import SignatureCache
from tests.keys import Keys, all_keys


@pytest.fixture
def keys() -> Keys:
    """A key source with one key for each algorithm."""
    return all_keys()


@pytest.fixture(autouse=True)
def signatures(monkeypatch: pytest.MonkeyPatch) -> SignatureCache:
    """No test profits from a signature that another checked."""
    cache = SignatureCache()
    monkeypatch.setattr(jose, "signatures", cache)
    return cache
