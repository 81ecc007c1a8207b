"""Settings that change while the server runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from authserver.settings import SettingsError, load
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


def test_nothing_changes_without_a_change(environ: dict[str, str]) -> None:
    current = load(environ)
    assert reload(current, environ).settings == current


def test_a_configuration_that_cannot_start_changes_nothing(environ: dict[str, str]) -> None:
    with pytest.raises(SettingsError):
        reload(load(environ), {**environ, "AUTHSERVER_RATE_LIMIT_LOGIN": "often"})
