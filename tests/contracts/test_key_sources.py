"""What verification may expect of a key source: the keyring inside, the published key set outside."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from authserver import storage
from authserver.crypto.sealing import Sealer
from authserver.events.outbox import Recorder
from authserver.protocol.errors import InvalidToken
from authserver.settings import Settings
from authserver.signing.jwk_set import PublishedKeys
from authserver.signing.keyring import Keyring
from authserver.signing.rotation import Rotation
from authserver.storage.columns import Base
from authserver.tokens import access_tokens, jose
from authserver.tokens.jose import KeySource

ALGORITHMS = ("ES256", "EdDSA")


@pytest.fixture
def keyring(make_settings: Callable[..., Settings]) -> Iterator[Keyring]:
    """A keyring with an active key for each of two algorithms."""
    settings, sealer = make_settings(), Sealer.of(bytes(32))
    database = storage.open(settings)
    Base.metadata.create_all(database.engine)
    rotation = Rotation(settings, sealer, Recorder(sealer))
    with database.unit() as unit:
        rotation.ensure(unit, ALGORITHMS)
    yield Keyring(database, sealer)
    database.close()


@pytest.fixture(params=["keyring", "published"])
def source(request: pytest.FixtureRequest, keyring: Keyring) -> KeySource:
    """Each implementation in turn, with the same keys."""
    return keyring if request.param == "keyring" else PublishedKeys.parse(keyring.public_jwks_body())


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_it_finds_the_key_that_signed(keyring: Keyring, source: KeySource, alg: str) -> None:
    key = keyring.active(alg)
    found = source.find(key.kid)
    assert found is not None
    assert (found.kid, found.alg) == (key.kid, alg)
    assert found == keyring.find(key.kid)


@pytest.mark.parametrize("kid", ["", "unknown", "x" * 10_000, "\x00"])
def test_it_does_not_find_what_is_not_there(source: KeySource, kid: str) -> None:
    assert source.find(kid) is None


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_tokens_verify_with_it(keyring: Keyring, source: KeySource, alg: str) -> None:
    token = jose.sign({"sub": alg}, keyring.active(alg), access_tokens.TYPE)
    assert jose.verify(token, source, algorithms=(alg,), typ=access_tokens.TYPE) == {"sub": alg}
    with pytest.raises(InvalidToken):
        jose.verify(token[:-6] + "AAAAAA", source, algorithms=(alg,), typ=access_tokens.TYPE)
