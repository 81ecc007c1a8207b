"""The rule table that start-up and `doctor` share: what is unsafe or contradictory, and what to do about it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial

from authserver.settings import rules
from authserver.settings.rules import Check, Severity
from authserver.settings.schema import Settings


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that can be wrong with settings that are each well formed.

    Attributes:
        severity: `error` is refused everywhere, `unsafe` in production and staging, `warning` nowhere.
        concerns: the settings looked at; a rule is skipped when one of them could not be read.
        check: what is wrong, or None.
        remedy: what the operator should do.
    """

    id: str
    severity: Severity
    concerns: tuple[str, ...]
    check: Check
    remedy: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that the settings break."""

    rule: Rule
    message: str
    refused: bool


def _secret_rules(name: str) -> tuple[Rule, Rule]:
    given = f"Give AUTHSERVER_{name.upper()} or AUTHSERVER_{name.upper()}_FILE: openssl rand -base64 32"
    return (
        Rule(f"{name}-missing".replace("_", "-"), "unsafe", (name,), partial(rules.secret_is_missing, name), given),
        Rule(f"{name}-weak".replace("_", "-"), "unsafe", (name,), partial(rules.secret_is_weak, name), given),
    )


def _idle_rule(idle: str, most: str) -> Rule:
    remedy = f"Shorten {idle} or lengthen {most}"
    return Rule(
        f"{idle}-idle".replace("_", "-"), "error", (idle, most), partial(rules.idle_exceeds_max, idle, most), remedy
    )


RULES: tuple[Rule, ...] = (
    Rule(
        "issuer-http", "unsafe", ("issuer",), rules.issuer_is_plain, "Set AUTHSERVER_ISSUER to the public https address"
    ),
    Rule("issuer-local", "unsafe", ("issuer",), rules.issuer_is_local, "Set AUTHSERVER_ISSUER to the public address"),
    Rule(
        "alias-http",
        "unsafe",
        ("issuer_aliases", "mtls_url"),
        rules.issuer_alias_is_plain,
        "Use https or remove the alias",
    ),
    Rule(
        "development-exposed",
        "warning",
        ("environment", "host"),
        rules.development_on_a_network,
        "Set AUTHSERVER_ENVIRONMENT to what this installation is",
    ),
    *_secret_rules("sealing_key"),
    *_secret_rules("application_secret"),
    *_secret_rules("pepper"),
    Rule(
        "secrets-equal",
        "unsafe",
        rules.SECRETS,
        rules.secrets_are_the_same,
        "Make each of them anew: openssl rand -base64 32",
    ),
    Rule(
        "keys-readable",
        "unsafe",
        ("keys_dir", "tls_keyfile"),
        rules.keys_are_readable,
        "Take the rights away with chmod 600",
    ),
    Rule(
        "file-missing",
        "error",
        rules.FILES,
        rules.files_are_missing,
        "Correct the path or remove the setting",
    ),
    Rule(
        "registration-open",
        "warning",
        ("registration",),
        rules.registration_is_open,
        "Set AUTHSERVER_REGISTRATION to token and hand out initial access tokens, unless strangers are welcome",
    ),
    Rule("tls-half", "error", ("tls_certfile", "tls_keyfile"), rules.tls_is_half, "Set both or neither"),
    Rule(
        "proxy-unknown",
        "warning",
        ("issuer", "trusted_proxies"),
        rules.proxy_is_unknown,
        "Name the proxy's network in AUTHSERVER_TRUSTED_PROXIES",
    ),
    Rule(
        "certificates-not-passed",
        "warning",
        ("client_certificate_ca", "client_certificate_header", "tls_certfile", "server"),
        rules.certificates_do_not_arrive,
        "Set AUTHSERVER_SERVER to gunicorn, or let a proxy end TLS and set AUTHSERVER_CLIENT_CERTIFICATE_HEADER",
    ),
    Rule(
        "certificate-header-unused",
        "error",
        ("client_certificate_header", "trusted_proxies"),
        rules.certificate_header_is_nobodys,
        "Name the proxy in AUTHSERVER_TRUSTED_PROXIES",
    ),
    Rule(
        "proxies-wide", "unsafe", ("trusted_proxies",), rules.proxies_are_everybody, "Name the proxies' own addresses"
    ),
    Rule(
        "outbound-wide",
        "unsafe",
        ("outbound_allow",),
        rules.outbound_is_everything,
        "List the single hosts that must be reached",
    ),
    Rule("cors-wildcard", "unsafe", ("cors_origins",), rules.cors_is_wildcard, "List the origins of your applications"),
    Rule("cors-http", "unsafe", ("cors_origins",), rules.cors_is_plain, "Serve that application over https"),
    Rule(
        "hosts-wildcard",
        "unsafe",
        ("allowed_hosts",),
        rules.hosts_are_wildcard,
        "List the names under which the server is reached",
    ),
    Rule(
        "rate-limits-off",
        "unsafe",
        ("rate_limits",),
        rules.limits_are_off,
        "Remove AUTHSERVER_RATE_LIMITS or set it to on",
    ),
    Rule(
        "log-debug",
        "unsafe",
        ("log_level",),
        rules.logs_are_verbose,
        "Name single modules in AUTHSERVER_LOG_LEVELS instead",
    ),
    Rule(
        "playground-on",
        "unsafe",
        ("playground", "environment"),
        rules.playground_is_on,
        "Remove AUTHSERVER_PLAYGROUND or set it to off",
    ),
    Rule(
        "metrics-token-weak",
        "unsafe",
        ("metrics_token",),
        rules.metrics_token_is_weak,
        "Make a new one: openssl rand -base64 32",
    ),
    Rule(
        "metrics-closed",
        "warning",
        ("metrics_token", "host"),
        rules.metrics_have_no_token,
        "Set AUTHSERVER_METRICS_TOKEN if something elsewhere reads them",
    ),
    Rule(
        "argon2-cheap",
        "unsafe",
        ("argon2_memory_kib", "argon2_time_cost"),
        rules.hash_is_cheap,
        "Raise AUTHSERVER_ARGON2_MEMORY_KIB or AUTHSERVER_ARGON2_TIME_COST",
    ),
    Rule(
        "password-short",
        "warning",
        ("password_min_length",),
        rules.password_is_short,
        "Set AUTHSERVER_PASSWORD_MIN_LENGTH to 8 or more",
    ),
    Rule(
        "refresh-grace-long",
        "unsafe",
        ("refresh_grace",),
        rules.grace_is_long,
        "Set AUTHSERVER_REFRESH_GRACE to 60 or less",
    ),
    Rule(
        "access-token-long",
        "warning",
        ("access_token_ttl",),
        rules.access_token_is_long,
        "Shorten AUTHSERVER_ACCESS_TOKEN_TTL; refresh tokens carry the rest",
    ),
    _idle_rule("refresh_token_idle_ttl", "refresh_token_max_ttl"),
    _idle_rule("session_idle_ttl", "session_max_ttl"),
    Rule(
        "lockout-inverted",
        "error",
        ("lockout_identifier_threshold", "lockout_threshold"),
        rules.lockout_is_inverted,
        "Raise AUTHSERVER_LOCKOUT_IDENTIFIER_THRESHOLD",
    ),
    Rule(
        "delays-late",
        "warning",
        ("delay_after", "lockout_threshold"),
        rules.delays_come_too_late,
        "Lower AUTHSERVER_DELAY_AFTER",
    ),
    Rule(
        "sqlite-in-production",
        "warning",
        ("database_url", "environment"),
        rules.database_is_sqlite,
        "Use PostgreSQL as soon as there is more than one instance",
    ),
    Rule(
        "database-password-default",
        "unsafe",
        ("database_url",),
        rules.database_password_is_default,
        "Give the database role a password of its own",
    ),
    Rule(
        "pool-small",
        "error",
        ("database_pool_size", "workers"),
        rules.pool_is_small,
        "Raise AUTHSERVER_DATABASE_POOL_SIZE or lower AUTHSERVER_WORKERS",
    ),
    Rule(
        "threads-few",
        "warning",
        ("threads",),
        rules.threads_are_few,
        "Set AUTHSERVER_THREADS to 64 or let a buffering proxy stand in front",
    ),
    Rule(
        "mail-plain",
        "unsafe",
        ("smtp_host", "smtp_security"),
        rules.mail_is_plain,
        "Set AUTHSERVER_SMTP_SECURITY to starttls or tls",
    ),
    Rule(
        "mail-off",
        "warning",
        ("smtp_host", "environment"),
        rules.mail_is_off,
        "Set AUTHSERVER_SMTP_HOST and AUTHSERVER_SMTP_FROM",
    ),
    Rule("mail-sender", "error", ("smtp_host", "smtp_from"), rules.mail_has_no_sender, "Set AUTHSERVER_SMTP_FROM"),
)


def findings(settings: Settings, skip: Collection[str] = ()) -> list[Finding]:
    """Every broken rule, those that stop the server first; `skip` names settings that could not be read."""
    found = []
    for rule in RULES:
        message = None if set(rule.concerns) & set(skip) else rule.check(settings)
        if message is not None:
            refused = rule.severity == "error" or (rule.severity == "unsafe" and settings.is_production)
            found.append(Finding(rule, message, refused))
    return sorted(found, key=lambda finding: not finding.refused)


def refusals(settings: Settings, skip: Collection[str] = ()) -> list[str]:
    """What must be put right before this configuration may serve, one sentence each."""
    return [f"{item.message}. {item.rule.remedy}" for item in findings(settings, skip) if item.refused]


def validate(settings: Settings) -> list[str]:
    """The refusals of settings that were read without problems; empty when they may serve."""
    return refusals(settings)
