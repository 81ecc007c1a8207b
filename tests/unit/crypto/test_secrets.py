"""Client secrets: a fast keyed digest of what has high entropy."""

from __future__ import annotations

import pytest

from authserver.crypto.sealing import Sealer
from authserver.crypto.secrets import ClientSecrets


@pytest.fixture
def secrets() -> ClientSecrets:
    return ClientSecrets(b"p" * 32, Sealer.of(bytes(32)))


def test_a_secret_matches_its_digest_alone(secrets: ClientSecrets) -> None:
    secret = secrets.generate()
    assert secrets.matches(secret, secrets.digest(secret))
    assert not secrets.matches(secret + "x", secrets.digest(secret))
    assert not secrets.matches("", secrets.digest(secret))


def test_secrets_have_256_bits_and_need_no_escaping(secrets: ClientSecrets) -> None:
    made = {secrets.generate() for _ in range(50)}
    assert len(made) == 50
    assert all(len(secret) == 43 and secret.replace("-", "").replace("_", "").isalnum() for secret in made)


def test_a_digest_without_the_pepper_says_nothing(secrets: ClientSecrets) -> None:
    assert not ClientSecrets(b"q" * 32, Sealer.of(bytes(32))).matches("secret", secrets.digest("secret"))


@pytest.mark.parametrize("secret", ["ünïcode", "\ud800", "x" * 10_000])
def test_any_text_can_be_compared(secrets: ClientSecrets, secret: str) -> None:
    assert secrets.matches(secret, secrets.digest(secret))
