"""`authserver doctor`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from authserver.cli.doctor import doctor

SECRET = "mXb4cW9vKt2pQz7sLr8dHf3gJy6nVa1e"
PRODUCTION = {
    "AUTHSERVER_SMTP_HOST": "mail.example",
    "AUTHSERVER_SMTP_FROM": "no-reply@auth.example",
    "AUTHSERVER_ENVIRONMENT": "production",
    "AUTHSERVER_ISSUER": "https://auth.example",
    "AUTHSERVER_TRUSTED_PROXIES": "10.1.0.0/24",
    "AUTHSERVER_SEALING_KEY": "pGh0RIZ5lDsKcT9mWwA1xYbQn7vE2uJrL6fO4iSkC8M=",
    "AUTHSERVER_APPLICATION_SECRET": SECRET,
    "AUTHSERVER_PEPPER": "Zt5uRw8xBq1mNk4pLs7vYc2fHj9dGa6e",
    "AUTHSERVER_DATABASE_URL": "postgresql://auth:Vt9x-kq2@db/auth",
    "REDIS_URL": "redis://:r3d1s-Kx@cache/0",
}


@pytest.fixture(autouse=True)
def own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("PORT", "HOST", "DATABASE_URL", "REDIS_URL", "NODE_ENV", "APP_ENV", "FRONTEND_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def run(environ: dict[str, str], *options: str) -> Result:
    return CliRunner().invoke(doctor, options, env=environ)


def test_a_configuration_that_production_accepts_exits_with_0() -> None:
    result = run(PRODUCTION)
    assert (result.exit_code, result.output.splitlines()[-1]) == (0, "Production would start with this.")


def test_every_value_is_shown_with_its_source() -> None:
    lines = run({**PRODUCTION, "PORT": "8100"}).output.splitlines()
    assert next(line.split() for line in lines if line.startswith("  port ")) == ["port", "8100", "PORT"]
    assert next(line.split() for line in lines if line.startswith("  threads ")) == ["threads", "64", "default"]


def test_secrets_are_not_shown() -> None:
    for output in (run(PRODUCTION).output, run(PRODUCTION, "--json").output):
        assert SECRET not in output
        assert "Vt9x-kq2" not in output
        assert "r3d1s" not in output
        assert "postgresql+psycopg://auth:***@db/auth" in output


def test_what_production_would_refuse_is_named_with_its_remedy_and_exits_with_1() -> None:
    result = run({**PRODUCTION, "AUTHSERVER_RATE_LIMITS": "off"})
    assert result.exit_code == 1
    assert "unsafe: Rate limits are off [rate-limits-off]" in result.output
    assert "Remove AUTHSERVER_RATE_LIMITS or set it to on" in result.output


def test_development_is_measured_by_what_production_would_refuse() -> None:
    assert run({"AUTHSERVER_ENVIRONMENT": "development"}).exit_code == 1


def test_a_warning_alone_exits_with_0() -> None:
    result = run({**PRODUCTION, "AUTHSERVER_TRUSTED_PROXIES": ""})
    assert (result.exit_code, "[proxy-unknown]" in result.output) == (0, True)


def test_problems_and_notices_are_shown() -> None:
    result = run({**PRODUCTION, "AUTHSERVER_PORTT": "1", "DATABASE_URL": "sqlite:///x"})
    assert result.exit_code == 1
    assert "refused: AUTHSERVER_PORTT: unknown setting; did you mean AUTHSERVER_PORT?" in result.output
    assert "note: DATABASE_URL differs from AUTHSERVER_DATABASE_URL" in result.output


def test_the_report_may_be_json() -> None:
    report = json.loads(run({**PRODUCTION, "AUTHSERVER_LOG_LEVEL": "debug"}, "--json").output)
    assert (report["ready_for_production"], report["issuer"]) == (False, "https://auth.example")
    assert [(item["id"], item["severity"], item["settings"]) for item in report["findings"]] == [
        ("log-debug", "unsafe", ["log_level"])
    ]
    sources = {item["name"]: item["source"] for item in report["settings"]}
    assert sources["redis_url"] == "REDIS_URL"


def test_looking_changes_nothing(own_directory: Path) -> None:
    run({})
    assert list(own_directory.iterdir()) == []
