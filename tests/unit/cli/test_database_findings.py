"""`authserver doctor` asks the database of an installation in production."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from authserver import storage
from authserver.cli.database_findings import database_findings
from authserver.cli.installation import Installation
from authserver.cli.quickstart import create_demo
from authserver.settings import Settings, load
from tests.unit.cli.conftest import CommandLine


@pytest.fixture
def production(authserver: CommandLine) -> Settings:
    """The settings of an installation with a demo and a fresh administrator, as if it were in production."""
    authserver("init", "--admin-email", "root@example.com")
    settings = load(environ=authserver.environ)
    database = storage.open(settings)
    create_demo(Installation(settings, database))
    database.close()
    return replace(settings, environment="production")


def _ids(settings: Settings) -> list[str]:
    found, silence = database_findings(settings)
    assert silence == ""
    return [item.id for item in found]


def test_credentials_of_the_beginning_are_found(production: Settings) -> None:
    assert _ids(production) == ["demo-client", "demo-client", "administrator-one-time-password"]


def test_nothing_is_found_once_they_are_gone(authserver: CommandLine, production: Settings) -> None:
    authserver("clients", "delete", "gateway")
    authserver("clients", "disable", "demo")
    authserver("users", "reset-password", "root@example.com", "--password-stdin", stdin="Correct-horse-7\n")
    assert _ids(production) == []


def test_clients_of_the_same_name_without_a_demo_are_ones_own(authserver: CommandLine) -> None:
    authserver("clients", "create", "--name", "Gateway", "--id", "gateway")
    assert _ids(replace(load(environ=authserver.environ), environment="production")) == []


def test_the_demo_is_welcome_in_development(production: Settings) -> None:
    assert _ids(replace(production, environment="development")) == []


def test_a_database_that_is_not_there_is_not_made(production: Settings, tmp_path: Path) -> None:
    away = tmp_path / "away.db"
    found, silence = database_findings(replace(production, database_url=f"sqlite:///{away}"))
    assert (found, away.exists()) == ([], False)
    assert "its file is not there" in silence


def test_a_database_without_a_schema_is_a_notice(production: Settings, tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    found, silence = database_findings(replace(production, database_url=f"sqlite:///{tmp_path / 'empty.db'}"))
    assert found == []
    assert "not asked" in silence


@pytest.mark.usefixtures("production")
def test_doctor_shows_them_in_a_section_of_their_own(authserver: CommandLine) -> None:
    authserver.environ["AUTHSERVER_ENVIRONMENT"] = "staging"
    report = json.loads(authserver.run("doctor", "--json").stdout)
    assert {item["id"] for item in report["database_findings"]} == {"demo-client", "administrator-one-time-password"}
    text = authserver.run("doctor").stdout.partition("Database findings")[2]
    assert "authserver clients delete demo" in text
    assert "still has a one-time password" in text
