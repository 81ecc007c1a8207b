"""Where values come from, which one wins, and what is refused."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path
from typing import Any

import pytest

from authserver.settings import Loaded, Settings, SettingsError, load, load_with_sources


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "authserver.toml"


@pytest.fixture(autouse=True)
def own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(environ: dict[str, str], toml: Path | None = None, **overrides: Any) -> Loaded:
    return load_with_sources(environ, toml, overrides, create_secrets=False)


def problems(environ: dict[str, str], toml: Path | None = None) -> str:
    return "\n".join(read(environ, toml).problems)


def test_settings_cannot_be_changed_and_do_not_show_themselves() -> None:
    settings = load({}, overrides={"pepper": b"p" * 40})
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.port = 1  # type: ignore[misc]
    assert "ppp" not in f"{settings!r} {settings}"


def test_environment_wins_over_file_and_file_over_default(config: Path) -> None:
    config.write_text('port = 9001\nlog_level = "error"\ncors_origins = ["https://a.example"]\n')
    loaded = read({"AUTHSERVER_PORT": "9002"}, config)
    assert (loaded.settings.port, loaded.settings.log_level, loaded.settings.threads) == (9002, "error", 64)
    assert [loaded.source_of(name) for name in ("port", "log_level", "threads")] == [
        "AUTHSERVER_PORT",
        str(config),
        "default",
    ]


def test_an_option_wins_over_the_environment() -> None:
    assert read({"AUTHSERVER_PORT": "9002"}, port=9003).settings.port == 9003


def test_the_file_may_be_named_in_the_environment(config: Path) -> None:
    config.write_text("port = 9001")
    assert read({"AUTHSERVER_CONFIG": str(config)}).settings.port == 9001


def test_a_file_that_cannot_be_read_is_a_problem(config: Path) -> None:
    config.write_text("port = ")
    assert "cannot be read" in problems({}, config)
    assert "cannot be read" in problems({"AUTHSERVER_CONFIG": "/nowhere.toml"})


def test_a_secret_does_not_belong_into_the_file(config: Path) -> None:
    config.write_text('pepper = "x"\nredis_url = "redis://cache/0"\ndatabase_url = "postgresql://u:hunter2@h/d"\n')
    loaded = read({}, config)
    assert loaded.broken == {"pepper", "database_url"}
    assert "hunter2" not in str(loaded.problems)
    assert loaded.settings.redis_url == "redis://cache/0"


def test_only_the_ambient_environment_reads_files_of_the_working_directory(
    own_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (own_directory / "authserver.toml").write_text("threads = 80")
    (own_directory / ".env").write_text("# comment\nexport AUTHSERVER_PORT='9005'\nAUTHSERVER_WORKERS=7\n")
    monkeypatch.setenv("AUTHSERVER_WORKERS", "2")
    loaded = load_with_sources(create_secrets=False)
    assert (loaded.settings.threads, loaded.settings.port, loaded.settings.workers) == (80, 9005, 2)
    assert loaded.source_of("port") == "AUTHSERVER_PORT in .env"
    assert read({}).settings.port == 8000


def test_production_does_not_read_dotenv(own_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (own_directory / ".env").write_text("AUTHSERVER_PORT=9005")
    monkeypatch.setenv("APP_ENV", "production")
    assert load_with_sources(create_secrets=False).settings.port == 8000


def test_a_secret_file_loses_one_trailing_newline(own_directory: Path) -> None:
    (own_directory / "pepper").write_text("x" * 32 + "\n\n")
    loaded = read({"AUTHSERVER_PEPPER_FILE": str(own_directory / "pepper")})
    assert loaded.settings.pepper == b"x" * 32 + b"\n"
    assert "AUTHSERVER_PEPPER_FILE" in loaded.source_of("pepper")


def test_a_secret_comes_from_one_place(own_directory: Path) -> None:
    (own_directory / "pepper").write_text("x" * 32)
    given = {"AUTHSERVER_PEPPER_FILE": str(own_directory / "pepper"), "AUTHSERVER_PEPPER": "y" * 32}
    assert "keep one of them" in problems(given)


def test_only_secrets_come_from_files() -> None:
    assert "AUTHSERVER_PORT_FILE: unknown setting" in problems({"AUTHSERVER_PORT_FILE": "/etc/port"})
    assert "AUTHSERVER_PEPPER_FILE: cannot be read" in problems({"AUTHSERVER_PEPPER_FILE": "/nowhere"})


def test_the_older_names_still_work() -> None:
    given = {
        "DATABASE_URL": "postgres://u:p@db/auth",
        "JWT_SECRET": "a" * 40,
        "JWT_REFRESH_SECRET": "b" * 40,
        "JWT_EXPIRES_IN": "15m",
        "JWT_REFRESH_EXPIRES_IN": "7d",
        "PORT": "3001",
        "NODE_ENV": "test",
        "FRONTEND_URL": "https://app.example/start?x=1",
        "REDIS_URL": "redis://r/0",
    }
    found = read(given).settings
    assert (found.application_secret, found.pepper) == (b"a" * 40, b"b" * 40)
    assert (found.access_token_ttl, found.refresh_token_idle_ttl, found.port) == (900, 604800, 3001)
    assert (found.environment, found.cors_origins, found.redis_url) == (
        "testing",
        ("https://app.example",),
        given["REDIS_URL"],
    )
    assert found.database_url == "postgresql+psycopg://u:p@db/auth"


def test_the_canonical_name_wins_and_the_conflict_is_reported() -> None:
    loaded = read({"AUTHSERVER_PORT": "9000", "PORT": "3001"})
    assert loaded.settings.port == 9000
    assert loaded.notices == ["PORT differs from AUTHSERVER_PORT, which wins for port"]
    assert read({"AUTHSERVER_PORT": "9000", "PORT": "9000"}).notices == []


def test_a_conflict_is_logged_at_start(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        load({"AUTHSERVER_PORT": "9000", "PORT": "3001"})
    assert "PORT differs" in caplog.text


@pytest.mark.parametrize("variable", ["PORTT", "ISUER", "ACCES_TOKEN_TTL"])
def test_an_unknown_variable_is_refused_with_a_suggestion(variable: str) -> None:
    assert "did you mean AUTHSERVER_" in problems({f"AUTHSERVER_{variable}": "1"})


def test_an_unknown_key_of_the_file_is_refused_with_a_suggestion(config: Path) -> None:
    config.write_text("prot = 1\n[nonsense]\n")
    assert problems({}, config).splitlines() == [
        "prot: unknown setting; did you mean port?",
        "nonsense: unknown setting",
    ]


def test_kubernetes_service_links_are_ignored() -> None:
    links = {
        "AUTHSERVER_PORT": "tcp://10.0.0.1:8000",
        "AUTHSERVER_SERVICE_HOST": "10.0.0.1",
        "AUTHSERVER_SERVICE_PORT": "8000",
        "AUTHSERVER_SERVICE_PORT_HTTP": "8000",
        "AUTHSERVER_PORT_8000_TCP": "tcp://10.0.0.1:8000",
        "AUTHSERVER_PORT_8000_TCP_PROTO": "tcp",
        "AUTHSERVER_PORT_8000_TCP_PORT": "8000",
        "AUTHSERVER_PORT_8000_TCP_ADDR": "10.0.0.1",
        "AUTHSERVER_REDIS_PORT": "tcp://10.0.0.2:6379",
    }
    loaded = read(links)
    assert (loaded.problems, loaded.settings.port) == ([], 8000)


def test_an_empty_variable_counts_as_absent() -> None:
    assert read({"AUTHSERVER_REDIS_URL": "", "PORT": ""}).settings.redis_url is None


def test_all_problems_are_reported_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        load({"AUTHSERVER_PORT": "x", "AUTHSERVER_CODE_TTL": "1h", "AUTHSERVER_NOPE": "1", "NODE_ENV": "production"})
    text = "\n".join(caught.value.problems)
    for part in ("AUTHSERVER_PORT", "AUTHSERVER_CODE_TTL", "AUTHSERVER_NOPE", "pepper is not given", "not an https"):
        assert part in text


def test_a_wrong_secret_is_not_repeated_in_the_problem() -> None:
    assert "hunter2" not in problems({"AUTHSERVER_SEALING_KEY": "hunter2", "DATABASE_URL": "mysql://u:hunter2@h"})


def test_the_issuer_follows_the_port() -> None:
    assert read({"PORT": "9100"}).settings.issuer == "http://127.0.0.1:9100"
    assert read({"HOST": "::1"}).settings.issuer == "http://[::1]:8000"


def test_an_issuer_is_kept_exactly_as_given() -> None:
    given = "https://Auth.example:443/Tenant/"
    assert read({"AUTHSERVER_ISSUER": given}).settings.issuer == given


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7"])  # noqa: S104
def test_beyond_loopback_an_issuer_must_be_set(host: str) -> None:
    assert "AUTHSERVER_ISSUER: must be set" in problems({"AUTHSERVER_HOST": host})
    assert problems({"HOST": host, "AUTHSERVER_ISSUER": "http://127.0.0.1:8000"}) == ""


def test_a_machine_name_in_host_is_not_an_address_to_listen_on() -> None:
    assert read({"HOST": "x86_64-conda-linux-gnu"}).settings.host == "127.0.0.1"


def test_development_turns_on_what_production_leaves_off() -> None:
    for environment, expected in (("development", True), ("production", False), ("testing", False)):
        found = read({"APP_ENV": environment}).settings
        assert {found.playground, found.auto_migrate, found.worker_enabled} == {expected}


def test_paths_are_absolute(own_directory: Path) -> None:
    found = read({"AUTHSERVER_INSTANCE_DIR": "here"}).settings
    assert found.instance_dir == own_directory / "here"
    assert found.database_url == f"sqlite:///{own_directory}/here/authserver.db"


def test_development_keeps_the_secrets_it_made(own_directory: Path) -> None:
    first, second = load({}), load({})
    assert first.pepper == second.pepper
    assert len({first.pepper, first.application_secret, first.sealing_key}) == 3
    assert len(first.sealing_key) == 32
    assert (own_directory / "keys").stat().st_mode & 0o777 == 0o700


def test_production_makes_no_secrets(own_directory: Path) -> None:
    with pytest.raises(SettingsError):
        load({"APP_ENV": "production"})
    assert not (own_directory / "keys").exists()


def test_a_secret_that_cannot_be_kept_is_a_problem(own_directory: Path) -> None:
    (own_directory / "keys").write_text("not a directory")
    with pytest.raises(SettingsError, match="cannot be kept"):
        load({})


def test_production_starts_with_what_it_needs() -> None:
    given = {
        "AUTHSERVER_ENVIRONMENT": "production",
        "AUTHSERVER_ISSUER": "https://auth.example",
        "AUTHSERVER_SEALING_KEY": "pGh0RIZ5lDsKcT9mWwA1xYbQn7vE2uJrL6fO4iSkC8M=",
        "JWT_SECRET": "mXb4cW9vKt2pQz7sLr8dHf3gJy6nVa1e",
        "JWT_REFRESH_SECRET": "Zt5uRw8xBq1mNk4pLs7vYc2fHj9dGa6e",
        "DATABASE_URL": "postgresql://auth:Vt9x-kq2@db/auth",
    }
    assert isinstance(load(given), Settings)
