"""Scopes that come with others."""

from __future__ import annotations

import pytest

from authserver.access.catalog import ResourceCatalog, Snapshot, build
from authserver.access.hierarchy import MOST_IMPLIED, implied_by
from authserver.access.registration import AccessRegistration, ResourceMetadata
from authserver.events.catalog import ScopeCreated, ScopeUpdated
from authserver.protocol.errors import NotFound, ValidationError
from authserver.storage.models.clients import Scope
from tests.recorders import RememberingRecorder
from tests.unit.access.conftest import API

CHAIN = {"admin": ["write"], "write": ["read"], "read": [], "other": []}


def snapshot(direct: dict[str, list[str]]) -> Snapshot:
    return build(1, [], [Scope(name=name, implies=below) for name, below in direct.items()])


@pytest.mark.parametrize(
    ("direct", "expected"),
    [
        (CHAIN, {"write", "read"}),
        ({"admin": ["gone"]}, set()),
        ({"admin": ["a", "b"], "a": ["c"], "b": ["c"], "c": []}, {"a", "b", "c"}),
        ({"admin": ["write"], "write": ["admin"]}, {"write"}),
        ({}, set()),
    ],
)
def test_what_comes_with_a_scope(direct: dict[str, list[str]], expected: set[str]) -> None:
    assert implied_by("admin", direct) == expected


def test_a_snapshot_adds_what_is_implied() -> None:
    assert snapshot(CHAIN).with_implied({"write", "unknown"}) == {"write", "read", "unknown"}


@pytest.mark.parametrize(
    ("kept", "left"),
    [
        ({"admin", "write", "read", "other"}, {"admin", "write", "read", "other"}),
        ({"admin", "write", "other"}, {"other"}),
        ({"admin", "read"}, {"read"}),
        ({"write", "read"}, {"write", "read"}),
        ({"nonsense"}, set()),
    ],
)
def test_whoever_refuses_a_part_does_not_give_the_whole(kept: set[str], left: set[str]) -> None:
    assert snapshot(CHAIN).left_of(frozenset(CHAIN), kept) == left


def test_a_part_that_was_not_asked_for_is_not_missed() -> None:
    assert snapshot(CHAIN).left_of(frozenset({"admin"}), {"admin"}) == {"admin"}


def test_a_hierarchy_is_registered_and_changed(registration: AccessRegistration, catalog: ResourceCatalog) -> None:
    for name, below in (("read", ()), ("write", ("read",)), ("admin", ("write",))):
        registration.create_scope(name, implies=below)
    assert catalog.current().scopes["admin"].implied == {"write", "read"}
    registration.update_scope("write", implies=())
    catalog.forget()
    assert catalog.current().scopes["admin"].implied == {"write"}


def test_changes_are_told(registration: AccessRegistration, recorder: RememberingRecorder) -> None:
    registration.create_scope("read")
    registration.create_scope("write", implies=("read",))
    registration.update_scope("write", description="Change orders")
    registration.update_scope("write", description="Change orders", implies=("read",))
    assert recorder.events[-2:] == [
        ScopeCreated(scope="write", implies=("read",)),
        ScopeUpdated(scope="write", changed=("description",)),
    ]


@pytest.mark.parametrize(
    ("name", "implies", "words"),
    [
        ("read", ["read"], "imply itself"),
        ("read", ["admin"], "imply itself"),
        ("read", ["nonsense"], "no scope nonsense"),
        ("read", ["openid"], "does not belong"),
        ("read", ["orders"], "does not belong"),
        ("orders", ["read"], "does not belong"),
        ("read", [str(number) for number in range(MOST_IMPLIED + 1)], "at most"),
    ],
)
def test_what_makes_no_hierarchy_is_refused(
    registration: AccessRegistration, name: str, implies: list[str], words: str
) -> None:
    registration.create_resource(API, ResourceMetadata(name="Orders", scopes=frozenset({"orders"})))
    for each, below in (("read", ()), ("write", ("read",)), ("admin", ("write",))):
        registration.create_scope(each, implies=below)
    with pytest.raises(ValidationError, match=words):
        registration.update_scope(name, implies=implies)


def test_a_scope_of_a_name_that_was_removed_comes_with_nothing(
    registration: AccessRegistration, catalog: ResourceCatalog
) -> None:
    registration.create_scope("read")
    registration.create_scope("write", implies=("read",))
    registration.delete_scope("read")
    registration.create_scope("read")
    assert catalog.current().scopes["write"].implied == frozenset()


def test_a_scope_that_a_resource_gives_up_comes_with_nothing_later(
    registration: AccessRegistration, catalog: ResourceCatalog
) -> None:
    registration.create_resource(API, ResourceMetadata(name="Orders", scopes=frozenset({"read", "write"})))
    registration.update_scope("write", implies=("read",))
    registration.update_resource(API, ResourceMetadata(name="Orders", scopes=frozenset({"write"})))
    registration.update_resource(API, ResourceMetadata(name="Orders", scopes=frozenset({"read", "write"})))
    assert catalog.current().scopes["write"].implied == frozenset()


def test_only_scopes_of_ours_change(registration: AccessRegistration) -> None:
    with pytest.raises(NotFound):
        registration.update_scope("nonsense", description="x")
    with pytest.raises(ValidationError, match="standard scope"):
        registration.update_scope("openid", implies=())
