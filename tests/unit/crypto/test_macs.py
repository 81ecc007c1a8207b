"""Tags over values that travel through a browser."""

from __future__ import annotations

import pytest

from authserver.crypto.macs import Macs


@pytest.fixture
def macs() -> Macs:
    return Macs(b"s" * 32)


def test_a_tag_is_good_for_its_purpose_and_parts(macs: Macs) -> None:
    assert macs.verify("step", macs.sign("step", "interaction", "login"), "interaction", "login")


@pytest.mark.parametrize(
    ("purpose", "parts"),
    [
        ("csrf", ("interaction", "login")),
        ("step", ("interaction", "consent")),
        ("step", ("interactio", "nlogin")),
        ("step", ("interaction", "login", "")),
        ("stepinteraction", ("login",)),
        ("step", ()),
    ],
)
def test_a_tag_is_nothing_for_other_purposes_or_parts(macs: Macs, purpose: str, parts: tuple[str, ...]) -> None:
    assert not macs.verify(purpose, macs.sign("step", "interaction", "login"), *parts)


@pytest.mark.parametrize("tag", ["", "x", "é", "A" * 43, "A" * 5000])
def test_garbage_is_no_tag(macs: Macs, tag: str) -> None:
    assert not macs.verify("step", tag, "interaction")


def test_another_secret_makes_other_tags(macs: Macs) -> None:
    assert not Macs(b"t" * 32).verify("step", macs.sign("step", "a"), "a")


def test_sid_is_stable_and_differs_by_client(macs: Macs) -> None:
    assert macs.sid("session", "one") == macs.sid("session", "one")
    assert macs.sid("session", "one") != macs.sid("session", "two")
    assert "session" not in macs.sid("session", "one")
    assert len(macs.sid("session", "one")) == 22
