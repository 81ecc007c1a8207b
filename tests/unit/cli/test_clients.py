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


def test_metadata_comes_from_a_document_and_options_win(authserver: CommandLine, tmp_path: Path) -> None:
    wanted = {
        "client_name": "Written",
        "redirect_uris": ["https://shop.example/cb"],
        "grant_types": ["authorization_code"],
        "backchannel_logout_uri": "https://shop.example/logout",
        "default_max_age": 60,
        "client_name#de": "Laden",
    }
    (tmp_path / "client.json").write_text(json.dumps(wanted))
    made = authserver.json("clients", "create", "--metadata", str(tmp_path / "client.json"), "--name", "Shop")
    assert made["client_name"] == "Shop"
    shown = authserver.json("clients", "show", made["client_id"])
    kept = set(wanted) - {"client_name"}
    assert {name: shown[name] for name in kept} == {name: wanted[name] for name in kept}


def test_metadata_comes_from_standard_input_and_null_takes_away(authserver: CommandLine) -> None:
    document = {
        "initiate_login_uri": "https://shop.example/login",
        "default_max_age": 60,
        "client_uri": "https://a.example",
    }
    made = authserver.json(*WEB, "--metadata", "-", stdin=json.dumps(document))
    client_id = made["client_id"]
    change = json.dumps({"initiate_login_uri": None, "client_uri": None})
    changed = authserver.json("clients", "update", client_id, "--metadata", "-", stdin=change)
    assert "initiate_login_uri" not in changed
    assert (changed["default_max_age"], changed["client_uri"]) == (60, None)


@pytest.mark.parametrize("text", ["{", "[]", '{"favourite_colour": "green", "client_nmae": "x"}'])
def test_a_document_with_mistakes_is_wrong_usage(authserver: CommandLine, text: str) -> None:
    code, line = authserver.refusal(*WEB, "--metadata", "-", stdin=text)
    assert code == 2
    assert "favourite" not in text or "favourite_colour, client_nmae" in line
    assert authserver.refusal(*WEB, "--metadata", "/nowhere")[0] == 2


def test_metadata_of_the_wrong_kind_is_refused(authserver: CommandLine) -> None:
    assert authserver.refusal(*WEB, "--metadata", "-", stdin='{"default_max_age": "60"}')[0] == 1
    code, line = authserver.refusal(*WEB, "--metadata", "-", stdin='{"authorization_details_types": ["unheard"]}')
    assert (code, "authorization_details_types takes none here" in str(line)) == (1, True)
    assert authserver.refusal(*WEB, "--metadata", "-", stdin='{"client_name": null}')[0] == 1
    assert authserver.refusal("clients", "create", "--metadata", "-", stdin="{}")[0] == 2


def test_response_types_bring_the_implicit_grant(authserver: CommandLine) -> None:
    made = authserver.json(*WEB, "--profile", "oidc", "--response-type", "id_token code", "--response-type", "code")
    assert made["response_types"] == ["code", "code id_token"]
    assert "implicit" in made["grant_types"]
    taken_back = authserver.json("clients", "update", made["client_id"], "--response-type", "")
    assert taken_back["response_types"] == ["code"]


def test_initial_access_tokens_are_made_listed_and_revoked(authserver: CommandLine) -> None:
    made = authserver.json("clients", "tokens", "create", "--profile", "oidc", "--uses", "3", "--note", "portal")
    assert len(made["initial_access_token"]) == 54
    assert (made["profile"], made["uses_left"], made["good"]) == ("oidc", 3, True)
    unlimited = authserver.json("clients", "tokens", "create", "--unlimited")
    assert (unlimited["profile"], unlimited["uses_left"]) == ("default", None)
    authserver("clients", "tokens", "revoke", made["id"])
    listed = {token["id"]: token for token in authserver.json("clients", "tokens", "list")}
    assert [listed[one["id"]]["good"] for one in (made, unlimited)] == [False, True]
    assert "initial_access_token" not in listed[made["id"]]
    assert authserver.refusal("clients", "tokens", "revoke", made["id"])[0] == 1


def test_bounds_of_initial_access_tokens(authserver: CommandLine) -> None:
    for option, value in (("--uses", "2000000"), ("--lifetime", "99999999"), ("--note", "x" * 300)):
        assert authserver.refusal("clients", "tokens", "create", option, value)[0] == 1
    assert "portal" not in authserver("clients", "tokens", "list")


def test_resources_are_opened_to_clients_that_register_themselves(authserver: CommandLine) -> None:
    uri = "https://api.example"
    opened = authserver.json("resources", "create", "--id", uri, "--name", "API", "--dynamic-clients")
    assert opened["dynamic_clients"] is True
    assert authserver.json("resources", "update", uri, "--no-dynamic-clients")["dynamic_clients"] is False
