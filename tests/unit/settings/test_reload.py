"""Settings that change while the server runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from authserver.settings import SettingsError, load
from authserver.settings import reload as reloading
from authserver.settings.reload import reload


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"AUTHSERVER_KEYS_DIR": str(tmp_path / "keys")}


def test_hot_settings_change_and_the_others_wait(environ: dict[str, str]) -> None:
    current = load(environ)
    result = reload(current, {**environ, "AUTHSERVER_RATE_LIMIT_LOGIN": "5/minute", "AUTHSERVER_PORT": "9000"})
    assert (result.settings.rate_limit_login, result.settings.port) == ("5/minute", 8000)
    assert result.changed == ("rate_limit_login",)
    assert set(result.waiting) == {"port", "issuer"}


def test_what_only_the_worker_goes_by_waits_for_a_restart(environ: dict[str, str]) -> None:
    """A reload replaces the processes that serve, not the one that mails."""
    result = reload(load(environ), {**environ, "AUTHSERVER_RATE_LIMIT_MAIL": "5/hour"})
    assert (result.changed, "rate_limit_mail" in result.waiting) == ((), True)


def test_nothing_changes_without_a_change(environ: dict[str, str]) -> None:
    current = load(environ)
    assert reload(current, environ).settings == current


def test_a_configuration_that_cannot_start_changes_nothing(environ: dict[str, str]) -> None:
    with pytest.raises(SettingsError):
        reload(load(environ), {**environ, "AUTHSERVER_RATE_LIMIT_LOGIN": "often"})


@pytest.fixture
def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A process that began with an empty configuration file, which is returned."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(reloading, "_begun", None)
    reloading.begin(load())
    return tmp_path / "authserver.toml"


def test_a_reload_takes_hot_settings_anew_and_leaves_the_others(begun: Path) -> None:
    begun.write_text('log_level = "debug"\nport = 9000\n')
    settings = reloading.again()
    assert (settings.log_level, settings.port) == ("debug", 8000)
    assert reloading.effective() == settings


def test_without_a_reload_a_worker_goes_by_what_the_others_go_by(begun: Path) -> None:
    begun.write_text('log_level = "debug"\n')
    assert reloading.effective().log_level == "info"


def test_a_broken_configuration_leaves_the_last_good_one(begun: Path) -> None:
    begun.write_text('log_level = "debug"\n')
    reloading.again()
    begun.write_text('log_level = "loud"\n')
    assert reloading.again().log_level == reloading.effective().log_level == "debug"


def test_the_first_look_at_the_configuration_is_the_whole_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(reloading, "_begun", None)
    (tmp_path / "authserver.toml").write_text("port = 9000\n")
    assert reloading.effective().port == 9000
