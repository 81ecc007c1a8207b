"""Which scopes a request gets (RFC 6749 §3.3, OIDC Core §3.1.2.1, §11)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from authserver.access.catalog import Snapshot, build
from authserver.access.scopes import resolve
from authserver.protocol.errors import InvalidScope
from authserver.protocol.policy import ClientPolicy
from authserver.storage.models.clients import Scope
from tests.unit.access.conftest import API, Asker

SNAPSHOT: Snapshot = build(1, [], [Scope(name=name, resource_id=API) for name in ("orders:read", "orders:write")])


def ask(requested: str | None, client: Asker | None = None) -> frozenset[str]:
    return resolve(requested, client or Asker(), SNAPSHOT)


def refusal(requested: str, client: Asker | None = None) -> str:
    with pytest.raises(InvalidScope) as refused:
        ask(requested, client)
    return refused.value.reason


def test_known_scopes_of_the_client_are_granted() -> None:
    assert ask("openid  orders:read") == {"openid", "orders:read"}


def test_unknown_scope_is_ignored_when_openid_is_asked_and_refused_otherwise() -> None:
    assert ask("openid nonsense") == {"openid"}
    assert refusal("orders:read nonsense") == "scope_unknown"


def test_known_scope_of_others_is_refused_with_and_without_openid() -> None:
    assert refusal("openid orders:write") == "scope_not_allowed"
    assert refusal("orders:write") == "scope_not_allowed"


def test_openid_itself_must_be_the_clients() -> None:
    assert refusal("openid", replace(Asker(), scopes=frozenset({"orders:read"}))) == "scope_not_allowed"


@pytest.mark.parametrize(
    "client",
    [
        replace(Asker(), scopes=frozenset({"openid"})),
        replace(Asker(), policy=ClientPolicy(grant_types=frozenset({"authorization_code"}))),
    ],
)
def test_offline_access_that_is_not_allowed_is_dropped_silently(client: Asker) -> None:
    assert ask("openid offline_access", client) == {"openid"}


def test_offline_access_that_is_allowed_stays() -> None:
    assert ask("openid offline_access") == {"openid", "offline_access"}


@pytest.mark.parametrize(
    ("requested", "reason"), [('quo"te', "scope_malformed"), ("ä", "scope_malformed"), (" ", "scope_empty")]
)
def test_malformed_scope_is_refused(requested: str, reason: str) -> None:
    assert refusal(requested) == reason


def test_without_a_request_it_is_what_the_client_registered_less_what_is_about_a_person() -> None:
    assert ask(None) == {"orders:read"}
    assert ask(None, replace(Asker(), scopes=frozenset({"openid", "removed-since"}))) == frozenset()
