"""Every run has a configuration that the suite can take."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.plans import __main__ as command
from conformance.plans import catalog
from conformance.plans.catalog import RUNS, Run
from conformance.plans.configuration import Prepared, configuration
from tests.unit.conformance.conftest import OP

Write = Callable[..., Path]


@pytest.fixture
def prepared(clients_file: Write) -> Prepared:
    return Prepared.read(clients_file("https://suite.example"))


def named(name: str) -> Run:
    (run,) = catalog.chosen([name])
    return run


def test_names_are_unique_and_no_two_runs_are_alike() -> None:
    assert Counter(run.name for run in RUNS).most_common(1)[0][1] == 1
    choices = Counter((run.plan, json.dumps(run.variant, sort_keys=True)) for run in RUNS)
    assert choices.most_common(1)[0][1] == 1


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_configuration_is_json_with_clients_and_a_browser(run: Run, prepared: Prepared) -> None:
    found = json.loads(json.dumps(configuration(run, prepared, "http://127.0.0.1/{auth_req_id}/{action}")))
    assert found["server"]["discoveryUrl"] == f"{OP}/.well-known/openid-configuration"
    assert ("alias" in found) == run.is_static
    assert all(entry["match"].startswith((OP, "*session_verify")) for entry in found["browser"])
    assert ("client_id" in found["client"]) == run.is_static


def test_unknown_run_is_refused() -> None:
    with pytest.raises(LookupError, match="no-such"):
        catalog.chosen(["config", "no-such-*"])


def test_clients_that_register_themselves_bring_the_token_of_their_profile(prepared: Prepared) -> None:
    found = configuration(named("basic-dynamic"), prepared)
    assert found["client"]["initial_access_token"] == "iat-oidc"
    assert "initial_access_token" not in configuration(named("ciba-mtls-poll-dynamic"), prepared)["client"]


def test_resources_are_asked_where_certificates_are_taken(prepared: Prepared) -> None:
    plain = configuration(named("fapi2-sp-private_key_jwt-dpop"), prepared)["resource"]
    bound = configuration(named("fapi1-private_key_jwt-pushed-plain"), prepared)["resource"]
    assert plain["resourceUrl"] == f"{OP}/oauth2/userinfo"
    assert bound["resourceUrl"] == "https://mtls.op.example/oauth2/userinfo"


def test_rich_request_has_details(prepared: Prepared) -> None:
    rich = configuration(named("fapi2-sp-mtls-mtls-rar"), prepared)
    assert rich["resource"]["richAuthorizationRequest"][0]["type"] == "conformance"


def test_ciba_run_is_approved_at_the_address_that_was_given(prepared: Prepared) -> None:
    found = configuration(named("ciba-private_key_jwt-ping-static"), prepared, "http://127.0.0.1/?{action}")
    assert found["automated_ciba_approval_url"] == "http://127.0.0.1/?{action}"
    assert (found["client2"]["hint_type"], found["client2"]["hint_value"]) == ("login_hint", "alice")
    assert found["client2"]["acr_value"] == "1"


def test_clients_that_were_not_prepared_are_named(prepared: Prepared) -> None:
    with pytest.raises(LookupError, match="client_secret_basic"):
        configuration(named("basic-static"), replace(prepared, sets={}))


def test_file_of_another_version_is_refused(clients_file: Write) -> None:
    with pytest.raises(ValueError, match="this version"):
        Prepared.read(clients_file("https://suite.example", format=0))


def test_command_writes_a_file_for_each_run(clients_file: Write, tmp_path: Path) -> None:
    arguments = ["--clients", str(clients_file("https://suite.example")), "--out", str(tmp_path / "plans")]
    assert command.main([*arguments, "--issuer", "https://other.example/", "logout-*"]) == 0
    written = sorted(path.stem for path in (tmp_path / "plans").iterdir())
    assert written == sorted(run.name for run in RUNS if run.name.startswith("logout-"))
    first = json.loads((tmp_path / "plans" / "logout-static.json").read_text())
    assert first["configuration"]["server"]["discoveryUrl"].startswith("https://other.example/.well-known")


def test_command_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--clients", str(tmp_path / "none.json"), "--out", str(tmp_path)]) == 1
    assert "none.json" in capsys.readouterr().err
