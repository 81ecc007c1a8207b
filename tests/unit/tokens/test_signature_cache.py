"""The memory of checked signatures is bounded and keeps what is asked for again."""

from __future__ import annotations

import threading

from authserver.tokens.signature_cache import Checked, SignatureCache
from tests.keys import published, signing


def entry() -> Checked:
    return Checked("ES256", "at+jwt", published(signing("ES256")), b"{}")


def test_what_was_remembered_is_found_and_counted() -> None:
    cache, checked = SignatureCache(4), entry()
    cache.remember(b"a", checked)
    assert cache.find(b"a") is checked
    assert cache.find(b"b") is None
    assert (cache.hits, cache.misses) == (1, 1)


def test_it_never_holds_more_than_two_generations() -> None:
    cache, checked = SignatureCache(4), entry()
    for number in range(1000):
        cache.remember(str(number).encode(), checked)
        assert len(cache) <= 8
    assert cache.find(b"999") is checked
    assert cache.find(b"0") is None


def test_what_is_asked_for_again_survives_the_change_of_generations() -> None:
    cache, checked = SignatureCache(4), entry()
    cache.remember(b"hot", checked)
    for number in range(100):
        cache.remember(str(number).encode(), checked)
        assert cache.find(b"hot") is checked


def test_threads_keep_it_bounded() -> None:
    cache, checked = SignatureCache(16), entry()

    def fill(name: int) -> None:
        for number in range(500):
            cache.remember(f"{name}-{number}".encode(), checked)
            cache.find(f"{name}-{number // 2}".encode())

    threads = [threading.Thread(target=fill, args=(name,)) for name in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(cache) <= 32
