"""What tokens are for, and which scopes go with it (RFC 8707)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from authserver.access import resources
from authserver.access.catalog import Snapshot, build
from authserver.protocol.errors import InvalidTarget
from authserver.storage.models.clients import Resource, Scope
from tests.unit.access.conftest import API, ISSUER, Asker

OTHER, CLOSED = "https://other.example", "https://closed.example"


def resource(uri: str, *introspectors: str, enabled: bool = True) -> Resource:
    return Resource(id=uri, name=uri, introspected_by=list(introspectors), enabled=enabled)


SNAPSHOT: Snapshot = build(
    1,
    [resource(API, "gateway"), resource(OTHER, "edge"), resource(CLOSED, "late", enabled=False)],
    [Scope(name="orders:read", resource_id=API), Scope(name="parcels", resource_id=OTHER), Scope(name="everywhere")],
)


def audience(*requested: str, **client: object) -> tuple[str, ...]:
    return resources.audience(requested, replace(Asker(), **client), SNAPSHOT, ISSUER)  # type: ignore[arg-type]


def test_audience_is_what_was_asked_for_once_and_in_order() -> None:
    assert audience(OTHER, API, OTHER, resources=(API, OTHER)) == (OTHER, API)


def test_without_a_request_it_is_the_default_resource_and_then_the_issuer() -> None:
    assert audience(default_resource=API) == (API,)
    assert audience() == (ISSUER,)


def test_issuer_may_be_asked_for_by_name() -> None:
    assert audience(ISSUER) == (ISSUER,)


@pytest.mark.parametrize(
    ("asked", "client", "reason"),
    [
        (("https://nobody.example",), {}, "resource_unknown"),
        ((CLOSED,), {"resources": (CLOSED,)}, "resource_unknown"),
        ((OTHER,), {}, "resource_not_allowed"),
        ((), {"default_resource": CLOSED, "resources": (CLOSED,)}, "resource_unknown"),
        ((), {"default_resource": OTHER}, "resource_not_allowed"),
    ],
)
def test_resource_that_is_not_there_or_not_the_clients_is_refused(
    asked: tuple[str, ...], client: dict[str, object], reason: str
) -> None:
    with pytest.raises(InvalidTarget) as refusal:
        audience(*asked, **client)
    assert refusal.value.reason == reason


def test_scopes_keep_what_belongs_to_the_audience() -> None:
    scopes = frozenset({"openid", "profile", "orders:read", "parcels", "everywhere", "removed-since"})
    assert resources.narrow(scopes, (API,), SNAPSHOT, ISSUER) == {"orders:read", "everywhere"}
    assert resources.narrow(scopes, (ISSUER,), SNAPSHOT, ISSUER) == {"openid", "profile", "everywhere"}
    both = resources.narrow(scopes, (API, ISSUER), SNAPSHOT, ISSUER)
    assert both == {"openid", "profile", "orders:read", "everywhere"}


def test_userinfo_is_added_where_openid_was_granted() -> None:
    assert resources.with_issuer((API,), frozenset({"openid"}), ISSUER) == (API, ISSUER)
    assert resources.with_issuer((API,), frozenset({"orders:read"}), ISSUER) == (API,)
    assert resources.with_issuer((ISSUER,), frozenset({"openid"}), ISSUER) == (ISSUER,)


def test_introspectors_are_those_that_the_audience_names() -> None:
    assert resources.introspectors((API, OTHER, ISSUER), SNAPSHOT) == {"gateway", "edge"}
    assert resources.introspectors((CLOSED,), SNAPSHOT) == frozenset()
