"""Registering resources and scopes, and the snapshot that shows them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from authserver.access.catalog import ResourceCatalog
from authserver.access.registration import AccessRegistration, ResourceMetadata, seed_standard_scopes
from authserver.protocol.errors import ConflictError, NotFound, ValidationError
from authserver.protocol.scopes import STANDARD
from authserver.storage import Database
from authserver.storage.models.clients import ClientRecord
from tests.recorders import RememberingRecorder
from tests.unit.access.conftest import API, ISSUER

WANTED = ResourceMetadata("API", scopes=frozenset({"orders:read", "orders:write"}), token_format="opaque", token_ttl=60)


def test_snapshot_shows_a_registered_resource_with_its_scopes(
    registration: AccessRegistration, catalog: ResourceCatalog
) -> None:
    assert catalog.current().resource(API) is None
    registration.create_resource(API, WANTED)
    catalog.forget()
    found = catalog.current().resource(API)
    assert found is not None
    assert (found.token_format, found.token_ttl, found.scopes) == ("opaque", 60, WANTED.scopes)
    assert catalog.current() is catalog.current()


def test_standard_scopes_are_there_unseeded_and_seeded(database: Database, catalog: ResourceCatalog) -> None:
    assert set(STANDARD) <= set(catalog.current().scopes)
    for _ in range(2):
        with database.unit() as unit:
            seed_standard_scopes(unit)
    with database.reading() as unit:
        assert {scope.name for scope in unit.scopes.all() if scope.is_standard} == set(STANDARD)
        assert unit.versions.read()["resources"] == 1


def test_entries_are_described_standard_ones_first(registration: AccessRegistration, catalog: ResourceCatalog) -> None:
    registration.create_scope("audit", "Read the audit log")
    catalog.forget()
    entries = catalog.current().describe(["audit", "openid", "nonsense"])
    assert [(entry.name, entry.description) for entry in entries] == [
        ("openid", STANDARD["openid"]),
        ("audit", "Read the audit log"),
    ]


@pytest.mark.parametrize("uri", ["", "api", "https://api.example/#part", "https://me@api.example", "a b", "x" * 2049])
def test_resource_is_an_absolute_uri_without_fragment(registration: AccessRegistration, uri: str) -> None:
    with pytest.raises(ValidationError):
        registration.create_resource(uri, WANTED)


def test_issuer_is_no_resource(registration: AccessRegistration) -> None:
    with pytest.raises(ValidationError, match="issuer"):
        registration.create_resource(ISSUER, WANTED)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"token_format": "paper"}, "token_format"),
        ({"token_ttl": 0}, "token_ttl"),
        ({"token_ttl": 86401}, "token_ttl"),
        ({"token_alg": "none"}, "token_alg"),
        ({"introspected_by": ("nobody",)}, "introspected_by"),
        ({"introspected_by": ("spa",)}, "introspected_by"),
        ({"scopes": frozenset({'quo"te'})}, "scope"),
        ({"scopes": frozenset({"openid"})}, "scope"),
    ],
)
def test_field_that_cannot_be_accepted_is_named(
    database: Database, registration: AccessRegistration, changes: dict[str, Any], field: str
) -> None:
    with database.unit() as unit:
        unit.clients.add(ClientRecord(id="spa", name="SPA", token_endpoint_auth_method="none"))
    with pytest.raises(ValidationError) as refusal:
        registration.create_resource(API, replace(WANTED, **changes))
    assert refusal.value.field == field


def test_resource_or_scope_that_is_taken_is_a_conflict(registration: AccessRegistration) -> None:
    registration.create_resource(API, WANTED)
    with pytest.raises(ConflictError):
        registration.create_resource(API, WANTED)
    with pytest.raises(ConflictError, match=r"orders:read"):
        registration.create_resource("https://other.example", WANTED)
    with pytest.raises(ConflictError):
        registration.create_scope("orders:read")


def test_update_replaces_scopes_and_is_recorded_once(
    registration: AccessRegistration, recorder: RememberingRecorder, catalog: ResourceCatalog
) -> None:
    registration.create_resource(API, WANTED)
    changed = replace(WANTED, scopes=frozenset({"orders:read", "orders:delete"}))
    for _ in range(2):
        registration.update_resource(API, changed)
    catalog.forget()
    found = catalog.current().resource(API)
    assert found is not None
    assert found.scopes == changed.scopes
    assert recorder.types == ["ResourceCreated", "ResourceUpdated"]


def test_deletion_takes_scopes_along(registration: AccessRegistration, catalog: ResourceCatalog) -> None:
    registration.create_resource(API, WANTED)
    registration.delete_resource(API)
    catalog.forget()
    assert catalog.current().scope("orders:read") is None
    with pytest.raises(NotFound):
        registration.delete_resource(API)


def test_scopes_come_and_go_but_standard_ones_stay(registration: AccessRegistration) -> None:
    registration.create_scope("audit")
    registration.delete_scope("audit")
    with pytest.raises(NotFound):
        registration.delete_scope("audit")
    with pytest.raises(NotFound):
        registration.create_scope("audit", resource="https://nobody.example")
    with pytest.raises(ValidationError):
        registration.delete_scope("openid")
    with pytest.raises(ValidationError):
        registration.create_scope("audit", "line\nbreak")
