"""Signing keys that are made once for all tests, and a key source that holds them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from authserver.signing.keys import ALGORITHMS, SigningKey, VerificationKey, generate, public_jwk, verification_key


@cache
def signing(alg: str) -> SigningKey:
    """One key for each algorithm, for all tests: making an RSA key is slow."""
    return generate(alg)


def published(key: SigningKey) -> VerificationKey:
    """The public half of a key."""
    return verification_key(public_jwk(key.alg, key.private.public_key()))


class Keys:
    """A key source made of these keys."""

    def __init__(self, keys: Iterable[SigningKey]) -> None:
        self.keys = {key.kid: published(key) for key in keys}

    def find(self, kid: str) -> VerificationKey | None:
        """The key with this name."""
        return self.keys.get(kid)

    def republish(self, kid: str, alg: str) -> None:
        """Say that a key is for another algorithm."""
        self.keys[kid] = replace(self.keys[kid], alg=alg)


def all_keys() -> Keys:
    """A key source with one key for each algorithm."""
    return Keys(signing(alg) for alg in ALGORITHMS)
