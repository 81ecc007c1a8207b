"""`authserver clients`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import CommandLine

WEB = ("clients", "create", "--name", "Shop", "--redirect-uri", "https://shop.example/cb")


def test_client_is_created_with_the_words_of_the_standards_and_its_secret_once(authserver: CommandLine) -> None:
    made = authserver.json(*WEB, "--id", "shop", "--grant", "authorization_code", "--scope", "openid email")
    assert made["client_id"] == "shop"
    assert made["token_endpoint_auth_method"] == "client_secret_basic"
    assert made["scope"] == "email openid"
    assert len(made["client_secret"]) >= 43
    assert "client_secret" not in authserver.json("clients", "show", "shop")


def test_secret_comes_from_standard_input_without_its_newline(authserver: CommandLine) -> None:
    made = authserver.json(*WEB, "--secret-stdin", stdin="a-secret-of-mine\n")
    assert made["client_secret"] == "a-secret-of-mine"


@pytest.mark.parametrize("given", ["", "\n"])
def test_empty_standard_input_is_wrong_usage(authserver: CommandLine, given: str) -> None:
    assert authserver.refusal(*WEB, "--secret-stdin", stdin=given)[0] == 2


def test_public_client_has_the_method_none_and_no_secret(authserver: CommandLine) -> None:
    made = authserver.json(*WEB, "--public", "--application-type", "native")
    assert made["token_endpoint_auth_method"] == "none"
    assert "client_secret" not in made
    assert authserver.refusal(*WEB, "--public", "--auth-method", "client_secret_post")[0] == 2


def test_lists_are_given_repeated_or_in_a_row(authserver: CommandLine) -> None:
    made = authserver.json(
        *WEB, "https://shop.example/other", "--grant", "authorization_code", "--grant", "refresh_token",
        "--origin", "https://a.example", "https://b.example", "--policy", "code_ttl=30", "consent=always",
    )  # fmt: skip
    assert made["redirect_uris"] == ["https://shop.example/cb", "https://shop.example/other"]
    assert made["grant_types"] == ["authorization_code", "refresh_token"]
    assert made["origins"] == ["https://a.example", "https://b.example"]
    assert made["policy"] == {"code_ttl": 30, "consent": "always"}


def test_defaults_follow_from_what_was_given(authserver: CommandLine) -> None:
    web, machine = authserver.json(*WEB), authserver.json("clients", "create", "--name", "Job")
    assert (web["grant_types"], web["scope"]) == (["authorization_code", "refresh_token"], "openid")
    assert (machine["grant_types"], machine["scope"]) == (["client_credentials"], "")


def test_resources_and_keys_are_kept(authserver: CommandLine, tmp_path: Path) -> None:
    authserver("resources", "create", "--id", "https://api.example", "--name", "API", "--scope", "orders")
    (tmp_path / "jwks").write_text(json.dumps({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AA"}]}))
    made = authserver.json(
        *WEB, "--resource", "https://api.example", "--default-resource", "https://api.example",
        "--jwks", str(tmp_path / "jwks"), "--scope", "openid orders",
    )  # fmt: skip
    assert made["default_resource"] == "https://api.example"
    assert made["jwks"]["keys"][0]["kty"] == "OKP"


@pytest.mark.parametrize("text", ["{", "[]"])
def test_file_that_is_no_key_set_is_wrong_usage(authserver: CommandLine, tmp_path: Path, text: str) -> None:
    (tmp_path / "jwks").write_text(text)
    assert authserver.refusal(*WEB, "--jwks", str(tmp_path / "jwks"))[0] == 2


def test_unacceptable_client_is_refused(authserver: CommandLine) -> None:
    code, line = authserver.refusal(*WEB, "--policy", "pkce=optional")
    assert code == 1
    assert "profile oidc" in line
    assert authserver.refusal(*WEB, "--scope", "nonsense")[0] == 1


def test_update_replaces_clears_and_takes_back(authserver: CommandLine) -> None:
    authserver(*WEB, "--id", "shop", "--policy", "code_ttl=30", "--logo-uri", "https://shop.example/l.png")
    changed = authserver.json(
        "clients", "update", "shop", "--name", "Market", "--logo-uri", "", "--policy", "code_ttl=", "consent=always",
        "--redirect-uri", "https://a.example/cb", "https://b.example/cb", "--profile", "oidc",
    )  # fmt: skip
    assert (changed["client_name"], changed["logo_uri"], changed["profile"]) == ("Market", None, "oidc")
    assert changed["policy"] == {"consent": "always"}
    assert changed["redirect_uris"] == ["https://a.example/cb", "https://b.example/cb"]
    assert authserver.refusal("clients", "update", "shop")[0] == 2


def test_update_to_another_method_keeps_the_secret(authserver: CommandLine) -> None:
    authserver(*WEB, "--id", "shop")
    changed = authserver.json("clients", "update", "shop", "--auth-method", "client_secret_post")
    assert changed["token_endpoint_auth_method"] == "client_secret_post"
    assert "client_secret" not in changed


def test_rotation_prints_another_secret(authserver: CommandLine) -> None:
    first = authserver.json(*WEB, "--id", "shop")["client_secret"]
    assert authserver.json("clients", "rotate-secret", "shop", "--overlap", "60")["client_secret"] != first
    chosen = authserver.json("clients", "rotate-secret", "shop", "--secret-stdin", stdin="a-secret-of-mine")
    assert chosen["client_secret"] == "a-secret-of-mine"


def test_client_is_disabled_enabled_and_deleted(authserver: CommandLine) -> None:
    authserver(*WEB, "--id", "shop")
    assert authserver.json("clients", "disable", "shop") == {"client_id": "shop", "enabled": False}
    assert authserver.json("clients", "enable", "shop") == {"client_id": "shop", "enabled": True}
    assert authserver.json("clients", "delete", "shop") == {"client_id": "shop", "deleted": True}
    assert authserver.json("clients", "list") == []


def test_people_see_lines(authserver: CommandLine) -> None:
    assert "client_secret " in authserver(*WEB, "--id", "shop")
    assert "shop " in authserver("clients", "list")
    assert "redirect_uris" in authserver("clients", "show", "shop")
