"""`authserver resources` and `authserver scopes`."""

from __future__ import annotations

from tests.unit.cli.conftest import CommandLine

API = "https://api.example"
CREATE = ("resources", "create", "--id", API, "--name", "API", "--scope", "orders:read orders:write")


def test_resource_is_created_shown_and_listed(authserver: CommandLine) -> None:
    authserver("clients", "create", "--name", "Gateway", "--id", "gateway")
    authserver("clients", "create", "--name", "Edge", "--id", "edge")
    made = authserver.json(
        *CREATE, "--introspected-by", "gateway", "edge", "--token-format", "opaque", "--token-ttl", "60"
    )
    assert (made["id"], made["scope"]) == (API, "orders:read orders:write")
    assert (made["introspected_by"], made["token_format"], made["token_ttl"]) == (["gateway", "edge"], "opaque", 60)
    assert authserver.json("resources", "show", API) == made
    assert authserver.json("resources", "list") == [made]
    assert API in authserver("resources", "list")


def test_resource_is_updated_field_by_field(authserver: CommandLine) -> None:
    authserver(*CREATE, "--token-format", "opaque", "--token-ttl", "60")
    changed = authserver.json(
        "resources", "update", API, "--name", "Orders", "--scope", "orders:read", "--token-format", "",
        "--token-ttl", "0", "--introspected-by", "", "--disable",
    )  # fmt: skip
    assert (changed["name"], changed["scope"], changed["enabled"]) == ("Orders", "orders:read", False)
    assert (changed["token_format"], changed["token_ttl"]) == (None, None)
    assert authserver.refusal("resources", "update", API)[0] == 2


def test_resource_is_deleted(authserver: CommandLine) -> None:
    authserver(*CREATE)
    assert authserver.json("resources", "delete", API)["deleted"] is True
    assert authserver.refusal("resources", "show", API)[0] == 1


def test_scopes_come_and_go(authserver: CommandLine) -> None:
    made = authserver.json("scopes", "create", "audit", "--description", "Read the audit log")
    told = {"scope": "audit", "description": "Read the audit log", "resource": None, "standard": False, "implies": []}
    assert made == told
    assert authserver.json("scopes", "list") == [made]
    assert "audit" in authserver("scopes", "list")
    assert "deleted" in authserver("scopes", "delete", "audit")
    assert authserver.refusal("scopes", "delete", "openid")[0] == 1


def test_what_a_scope_implies_is_changed(authserver: CommandLine) -> None:
    for name in ("read", "list"):
        authserver("scopes", "create", name)
    assert authserver.json("scopes", "create", "write", "--implies", "read list")["implies"] == ["list", "read"]
    changed = authserver.json("scopes", "update", "write", "--implies", "", "--description", "Change orders")
    assert (changed["implies"], changed["description"]) == ([], "Change orders")
    assert authserver.refusal("scopes", "update", "write")[0] == 2
    assert authserver.refusal("scopes", "update", "write", "--implies", "nonsense")[0] == 1
