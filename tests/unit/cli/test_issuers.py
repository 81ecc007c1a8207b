"""`authserver issuers`."""

from __future__ import annotations

from pathlib import Path

from tests.unit.cli.conftest import CommandLine

ISSUER = "https://upstream.example"


def test_an_issuer_is_made_listed_and_deleted(authserver: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "jwks.json").write_text('{"keys": []}')
    authserver("clients", "create", "--name", "App", "--id", "app")
    made = authserver.json(
        "issuers", "create", "--id", ISSUER, "--client", "app", "--jwks", str(tmp_path / "jwks.json"),
        "--alg", "ES256", "--subject", "email", "--max-lifetime", "60",
    )  # fmt: skip
    assert (made["issuer"], made["clients"], made["algorithms"]) == (ISSUER, ["app"], ["ES256"])
    assert (made["subject"], made["audience"], made["max_lifetime"]) == ("email", "issuer", 60)
    assert authserver.json("issuers", "list") == [made]
    assert ISSUER in authserver("issuers", "list")
    for command, enabled in (("disable", False), ("enable", True), ("enable", True)):
        assert authserver.json("issuers", command, ISSUER) == {"issuer": ISSUER, "enabled": enabled}
        assert authserver.json("issuers", "list") == [made | {"enabled": enabled}]
    assert "yes" in authserver("issuers", "delete", ISSUER)
    assert authserver.refusal("issuers", "disable", ISSUER)[0] == 1
    assert authserver.refusal("issuers", "delete", ISSUER)[0] == 1


def test_keys_are_needed(authserver: CommandLine) -> None:
    authserver("clients", "create", "--name", "App", "--id", "app")
    assert "jwks_uri" in authserver.refusal("issuers", "create", "--id", ISSUER, "--client", "app")[1]
