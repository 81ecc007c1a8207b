"""DPoP proofs: addresses, nonces and what is remembered."""

from __future__ import annotations

from typing import cast

import pytest
import time_machine

from authserver.crypto.macs import Macs
from authserver.protocol.errors import InvalidDPoPProof
from authserver.protocol.messages import Request
from authserver.storage.ephemeral import Ephemeral
from authserver.tokens import dpop
from authserver.tokens.dpop import DPoPProofs, Nonces, normal_url
from tests.dpop import DPoPKey

ALGORITHMS = frozenset({"ES256"})
MACS = Macs(b"m" * 32)


class Seen:
    """Remembers keys and for how long."""

    def __init__(self) -> None:
        self.lives: dict[str, float] = {}

    def once(self, key: str, ttl: float) -> bool:
        """As the store does."""
        return self.lives.setdefault(key, ttl) is ttl


def proofs(*addresses: str, seen: Seen | None = None) -> DPoPProofs:
    store = cast("Ephemeral", seen or Seen())
    return DPoPProofs(addresses or ("https://id.example",), store, MACS, nonce_required=False)


def request(proof: str, path: str = "/token") -> Request:
    return Request("POST", path, headers={"dpop": proof})


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("https://ID.example:443/a?b=c#d", "https://id.example/a"),
        ("http://id.example:80", "http://id.example/"),
        ("https://id.example:444/%61", "https://id.example:444/a"),
        ("https://[2001:DB8::1]/a", "https://[2001:db8::1]/a"),
        ("https://user@id.example/a", None),
        ("ftp://id.example/a", None),
        ("https:///a", None),
        ("https://id.example:port/a", None),
        ("/a", None),
        ("", None),
    ],
)
def test_addresses_have_one_normal_form(url: str, normal: str | None) -> None:
    assert normal_url(url) == normal


def test_the_path_below_the_issuer_counts() -> None:
    key = DPoPKey()
    below = proofs("https://example.com/id/")
    assert below.proof_key(request(key.proof("POST", "https://example.com/id/token")), ALGORITHMS) == key.jkt
    with pytest.raises(InvalidDPoPProof, match="dpop_address_mismatch"):
        below.proof_key(request(key.proof("POST", "https://example.com/token")), ALGORITHMS)


def test_an_address_that_is_none_is_nobodys() -> None:
    with pytest.raises(InvalidDPoPProof, match="dpop_address_mismatch"):
        proofs("").proof_key(request(DPoPKey().proof("POST", "/token")), ALGORITHMS)


def test_a_request_without_a_proof_shows_no_key() -> None:
    assert proofs().proof_key(Request("POST", "/token"), ALGORITHMS) is None


def test_a_proof_is_remembered_as_long_as_it_is_good(frozen_time: time_machine.Traveller) -> None:
    key, seen = DPoPKey(), Seen()
    known = proofs(seen=seen)
    now = int(dpop.validity.timestamp())
    for claims, least in (({"iat": now}, 60), ({"iat": now + 60}, 120), ({"nonce": Nonces(MACS).current()}, 300)):
        known.proof_key(request(key.proof("POST", "https://id.example/token", **claims)), ALGORITHMS)
        assert list(seen.lives.values())[-1] > least


def test_what_is_remembered_is_of_one_size_and_tells_nothing() -> None:
    key, seen = DPoPKey(), Seen()
    for jti in ("x", "\0" * 200, "\N{SNOWMAN}"):
        proof = key.proof("POST", "https://id.example/token", jti=jti)
        proofs(seen=seen).proof_key(request(proof), ALGORITHMS)
    assert {len(name) for name in seen.lives} == {69}


def test_a_nonce_is_the_same_in_every_process_and_another_in_every_window(
    frozen_time: time_machine.Traveller,
) -> None:
    one, other = Nonces(MACS), Nonces(Macs(b"m" * 32))
    first = one.current()
    assert (other.current(), other.is_good(first)) == (first, True)
    assert not Nonces(Macs(b"n" * 32)).is_good(first)
    frozen_time.shift(dpop.NONCE_SECONDS)
    assert one.current() != first
    assert one.is_good(first)
    frozen_time.shift(dpop.NONCE_SECONDS)
    assert not one.is_good(first)
