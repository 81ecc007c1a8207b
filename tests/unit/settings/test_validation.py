"""The rules that start-up and doctor share: each refuses what it is for, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from authserver.settings import RULES, Settings, load_with_sources, validate
from authserver.settings.validation import findings

GOOD: dict[str, Any] = {
    "smtp_host": "mail.example",
    "smtp_from": "no-reply@example.org",
    "environment": "production",
    "issuer": "https://auth.example",
    "host": "127.0.0.1",
    "trusted_proxies": ("10.1.0.0/24",),
    "database_url": "postgresql+psycopg://auth:Vt9x-kq2@db/auth",
    "sealing_key": bytes(range(32)),
    "application_secret": b"mXb4cW9vKt2pQz7sLr8dHf3gJy6nVa1e",
    "pepper": b"Zt5uRw8xBq1mNk4pLs7vYc2fHj9dGa6e",
}

BROKEN: list[tuple[str, dict[str, Any]]] = [
    ("issuer-http", {"issuer": "http://auth.example"}),
    ("issuer-http", {"issuer": "http://127.0.0.1:8000"}),
    ("issuer-local", {"issuer": "https://localhost"}),
    ("alias-http", {"issuer_aliases": ("https://a.example", "http://b.example")}),
    ("alias-http", {"mtls_url": "http://mtls.example"}),
    ("development-exposed", {"environment": "development", "host": "0.0.0.0"}),  # noqa: S104
    ("registration-open", {"registration": "open"}),
    ("sealing-key-missing", {"sealing_key": b""}),
    ("sealing-key-weak", {"sealing_key": bytes(32)}),
    ("application-secret-missing", {"application_secret": b""}),
    ("application-secret-weak", {"application_secret": b"mXb4cW9vKt2pQz7sLr8dHf3gJy6nVa1"}),
    ("application-secret-weak", {"application_secret": b"your-super-secret-jwt-key-change-in-production"}),
    ("pepper-missing", {"pepper": b""}),
    ("pepper-weak", {"pepper": b"change-me-0123456789-abcdefghijklmn"}),
    ("pepper-weak", {"pepper": b"ab" * 32}),
    ("secrets-equal", {"pepper": GOOD["application_secret"]}),
    ("proxy-unknown", {"trusted_proxies": ()}),
    ("proxies-wide", {"trusted_proxies": ("0.0.0.0/0",)}),
    ("outbound-wide", {"outbound_allow": ("*",)}),
    ("outbound-wide", {"outbound_allow": ("169.254.0.0/16",)}),
    ("outbound-wide", {"outbound_allow": ("idp.internal", "::/0")}),
    ("cors-wildcard", {"cors_origins": ("*",)}),
    ("cors-http", {"cors_origins": ("http://app.example",)}),
    ("hosts-wildcard", {"allowed_hosts": ("*",)}),
    ("rate-limits-off", {"rate_limits": False}),
    ("log-debug", {"log_level": "debug"}),
    ("playground-on", {"playground": True}),
    ("metrics-token-weak", {"metrics_token": "Zt5uRw8xBq1mNk4"}),
    ("metrics-token-weak", {"metrics_token": "change-me-0123456789-abcdefghijklmn"}),
    ("metrics-token-weak", {"metrics_token": "Zt5uRw8xB" * 4}),
    ("metrics-closed", {"host": "10.1.0.5"}),
    ("argon2-cheap", {"argon2_memory_kib": 19455}),
    ("argon2-cheap", {"argon2_time_cost": 1}),
    ("password-short", {"password_min_length": 6}),
    ("refresh-grace-long", {"refresh_grace": 61}),
    ("access-token-long", {"access_token_ttl": 7200}),
    ("refresh-token-idle-ttl-idle", {"refresh_token_idle_ttl": 91 * 86400}),
    ("session-idle-ttl-idle", {"session_idle_ttl": 31 * 86400}),
    ("lockout-inverted", {"lockout_identifier_threshold": 5}),
    ("delays-late", {"delay_after": 6}),
    ("sqlite-in-production", {"database_url": "sqlite:////data/auth.db"}),
    ("database-password-default", {"database_url": "postgresql+psycopg://postgres:Postgres@db/auth"}),
    ("pool-small", {"workers": 21}),
    ("threads-few", {"threads": 4}),
    ("mail-plain", {"smtp_host": "mail.example", "smtp_security": "none", "smtp_from": "a@b.example"}),
    ("mail-sender", {"smtp_from": ""}),
    ("mail-off", {"smtp_host": "", "smtp_from": ""}),
    ("tls-half", {"tls_certfile": Path(__file__)}),
    ("certificates-not-passed", {"client_certificate_ca": Path(__file__)}),
    ("certificate-header-unused", {"client_certificate_header": "Client-Cert", "trusted_proxies": ()}),
    ("file-missing", {"outbound_ca_bundle": Path("/nowhere/ca.pem")}),
]


@pytest.fixture
def good(tmp_path: Path) -> Settings:
    loaded = load_with_sources({}, overrides={"keys_dir": tmp_path / "keys"}, create_secrets=False)
    return replace(loaded.settings, playground=False, **GOOD)


def broken(settings: Settings) -> set[str]:
    return {finding.rule.id for finding in findings(settings)}


def test_good_settings_break_no_rule(good: Settings) -> None:
    assert broken(good) == set()


@pytest.mark.parametrize(("rule", "changes"), BROKEN)
def test_each_rule_finds_what_it_is_for(good: Settings, rule: str, changes: dict[str, Any]) -> None:
    assert rule in broken(replace(good, **changes))


def test_every_rule_has_an_example() -> None:
    assert {rule.id for rule in RULES} - {rule for rule, _ in BROKEN} == {"keys-readable"}


def test_rules_have_distinct_names_and_known_settings(good: Settings) -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.remedy
        assert all(hasattr(good, name) for name in rule.concerns)


@pytest.mark.parametrize("name", ["sealing-key", "application-secret", "pepper", "tls.pem"])
@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_keys_that_others_can_read_are_refused(good: Settings, name: str, mode: int) -> None:
    good.keys_dir.mkdir()
    key = good.keys_dir / name
    key.write_text("x")
    key.chmod(0o600)
    if name == "tls.pem":
        good = replace(good, tls_certfile=key, tls_keyfile=key)
    assert broken(good) == set()
    key.chmod(mode)
    assert broken(good) == {"keys-readable"}


@pytest.mark.parametrize(("memory", "passes"), [(47104, 1), (19456, 2), (12288, 3), (9216, 4), (7168, 5), (7168, 9)])
def test_every_argon2_choice_of_the_floor_is_accepted(good: Settings, memory: int, passes: int) -> None:
    assert broken(replace(good, argon2_memory_kib=memory, argon2_time_cost=passes)) == set()


@pytest.mark.parametrize("environment", ["production", "staging"])
def test_what_is_unsafe_is_refused_in_production_and_staging(good: Settings, environment: Any) -> None:
    assert validate(replace(good, environment=environment, rate_limits=False)) == [
        "Rate limits are off. Remove AUTHSERVER_RATE_LIMITS or set it to on"
    ]


@pytest.mark.parametrize("environment", ["development", "testing"])
def test_what_is_unsafe_is_allowed_elsewhere(good: Settings, environment: Any) -> None:
    settings = replace(good, environment=environment, rate_limits=False, issuer="http://127.0.0.1:8000")
    assert validate(settings) == []
    assert {"rate-limits-off", "issuer-http"} <= broken(settings)


def test_what_contradicts_itself_is_refused_everywhere(good: Settings) -> None:
    assert validate(replace(good, environment="development", workers=21))


def test_a_rule_about_an_unreadable_setting_is_skipped(good: Settings) -> None:
    assert findings(replace(good, rate_limits=False), skip={"rate_limits"}) == []
