"""Authorization details in words (RFC 9396)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest

from authserver.access import authorization_details
from authserver.access.authorization_details import Described
from authserver.access.catalog import AuthorizationTypeEntry, Snapshot

ENTRY = AuthorizationTypeEntry("payment", "Payment", "Pay {amount.value} to {to}", b"{}")
SNAPSHOT = Snapshot(1, {}, {}, MappingProxyType({"payment": ENTRY}))


def described(**members: Any) -> Described:
    return authorization_details.described({"type": "payment", **members}, SNAPSHOT)


def test_members_stand_in_the_sentence() -> None:
    found = described(amount={"value": 5}, to="Ann", why=["a", "b"], deep={"x": 1})
    assert found.words == "Pay 5 to Ann"
    assert found.members == (("why", "a, b"), ("deep", '{"x":1}'))


def test_what_is_missing_is_a_dash() -> None:
    assert described(to="Ann").words == "Pay \N{EN DASH} to Ann"


@pytest.mark.parametrize(("value", "shown"), [("a\nb", "a b"), ("x" * 300, "x" * 200 + "\N{HORIZONTAL ELLIPSIS}")])
def test_what_is_shown_is_one_short_line(value: str, shown: str) -> None:
    assert described(to=value).words == f"Pay \N{EN DASH} to {shown}"


def test_a_type_that_was_removed_is_shown_by_its_name() -> None:
    found = authorization_details.described({"type": "gone", "a": "b"}, SNAPSHOT)
    assert found == Described("gone", "", (("a", "b"),))
