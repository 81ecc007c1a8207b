"""Sealed values: who can open them, and how keys are changed."""

from __future__ import annotations

import pytest

from authserver.crypto.sealing import Sealer, SealingError, key_version, open_under, seal_under

OLD, NEW = b"o" * 32, b"n" * 32
PLAIN = b"a private key"


def test_what_was_sealed_opens_in_its_context() -> None:
    sealer = Sealer({"1": OLD}, "1")
    assert sealer.open(sealer.seal(PLAIN, "row"), "row") == PLAIN
    assert sealer.open(sealer.seal(b"", "row"), "row") == b""


def test_a_value_moved_to_another_row_does_not_open() -> None:
    sealer = Sealer.of(OLD)
    with pytest.raises(SealingError):
        sealer.open(sealer.seal(PLAIN, "signing-key:one"), "signing-key:two")


def test_every_changed_byte_is_noticed() -> None:
    sealer = Sealer.of(OLD)
    sealed = sealer.seal(PLAIN, "row")
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(SealingError):
            sealer.open(bytes(changed), "row")


@pytest.mark.parametrize("length", range(0, 115, 6))
def test_a_cut_value_does_not_open(length: int) -> None:
    sealer = Sealer.of(OLD)
    with pytest.raises(SealingError):
        sealer.open(sealer.seal(PLAIN, "row")[:length], "row")


def test_another_key_does_not_open() -> None:
    with pytest.raises(SealingError, match="not here"):
        Sealer.of(NEW).open(Sealer.of(OLD).seal(PLAIN, "row"), "row")
    with pytest.raises(SealingError):
        Sealer({"1": NEW}, "1").open(Sealer({"1": OLD}, "1").seal(PLAIN, "row"), "row")


def test_the_plaintext_and_the_keys_are_not_in_the_value() -> None:
    sealed = Sealer.of(OLD).seal(PLAIN * 10, "row")
    assert PLAIN not in sealed
    assert OLD not in sealed


def test_equal_values_are_sealed_differently() -> None:
    sealer = Sealer.of(OLD)
    assert len({sealer.seal(PLAIN, "row") for _ in range(20)}) == 20


def test_a_new_key_takes_over_and_the_old_one_may_go() -> None:
    both = Sealer.of(NEW, OLD)
    old = Sealer.of(OLD).seal(PLAIN, "row")
    assert not both.is_current(old)
    new = both.rewrap(old, "row")
    assert both.is_current(new)
    assert Sealer.of(NEW).open(new, "row") == PLAIN
    assert both.rewrap(new, "row") is new


def test_rewrapping_demands_the_context() -> None:
    with pytest.raises(SealingError):
        Sealer.of(NEW, OLD).rewrap(Sealer.of(OLD).seal(PLAIN, "row"), "other")


def test_the_wrapped_key_belongs_to_its_value() -> None:
    sealer = Sealer.of(OLD)
    one, two = sealer.seal(PLAIN, "row"), sealer.seal(b"another value", "row")
    head = 2 + one[1] + 60
    with pytest.raises(SealingError):
        sealer.open(one[:head] + two[head:], "row")


@pytest.mark.parametrize(
    ("keys", "active"), [({"1": OLD}, "2"), ({"1": b"short"}, "1"), ({"": OLD}, ""), ({"v" * 256: OLD}, "v" * 256)]
)
def test_unusable_keys_are_refused(keys: dict[str, bytes], active: str) -> None:
    with pytest.raises(ValueError, match="key"):
        Sealer(keys, active)


def test_a_version_tells_nothing_of_its_key() -> None:
    assert key_version(OLD) != key_version(NEW)
    assert OLD.hex()[:6] not in key_version(OLD)


def test_a_successor_opens_for_who_presents_the_secret_again() -> None:
    sealed = seal_under(b"token", b"pepper", b"row", PLAIN)
    assert open_under(b"token", b"pepper", b"row", sealed) == PLAIN


@pytest.mark.parametrize(
    ("secret", "salt", "info"),
    [(b"other", b"pepper", b"row"), (b"token", b"other", b"row"), (b"token", b"pepper", b"x")],
)
def test_a_successor_opens_for_nobody_else(secret: bytes, salt: bytes, info: bytes) -> None:
    with pytest.raises(SealingError):
        open_under(secret, salt, info, seal_under(b"token", b"pepper", b"row", PLAIN))
