"""Settings that decide how strong the server is: secrets, lifetimes, passwords, lockout, rate limits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from authserver.settings.definitions import setting

MINUTE, HOUR, DAY = 60, 3600, 86400


@dataclass(frozen=True)
class Secrets:
    """Secrets and keys"""

    keys_dir: Path = setting(
        Path("keys"),
        "path",
        "Where development keeps the secrets it generated, and where keys to import are put. Mode 0700.",
        varies=True,
    )
    sealing_key: bytes = setting(
        b"",
        "secret",
        "Seals signing keys and other stored secrets (AES-256-GCM): 32 random bytes as base64 or hex.",
        secret=True,
        varies=True,
        default_text="generated into KEYS_DIR in development and testing",
    )
    application_secret: bytes = setting(
        b"",
        "secret",
        "Authenticates cookies, CSRF proofs and step verifiers: at least 32 bytes.",
        secret=True,
        aliases=("JWT_SECRET",),
        varies=True,
        default_text="generated into KEYS_DIR in development and testing",
    )
    pepper: bytes = setting(
        b"",
        "secret",
        "Keys the digests of refresh tokens, codes and client secrets: at least 32 bytes. A new value ends them all.",
        secret=True,
        aliases=("JWT_REFRESH_SECRET",),
        varies=True,
        default_text="generated into KEYS_DIR in development and testing",
    )
    signing_algorithm: Literal["RS256", "PS256", "ES256", "EdDSA"] = setting(
        "RS256",
        "choice",
        "Signs tokens where a client or resource names no other algorithm.",
        spec="RFC 7518 §3.1",
        choices=("RS256", "PS256", "ES256", "EdDSA"),
    )
    dpop_nonce: bool = setting(
        False,
        "flag",
        "Whether every DPoP proof must carry a nonce of this server, so that none can be made in advance.",
        spec="RFC 9449 §8",
    )
    jwks_max_age: int = setting(
        10 * MINUTE,
        "duration",
        "How long others may cache the key set. A new key is published at least this long before it signs.",
        spec="OpenID Connect Core §10.1.1",
        minimum=0,
        maximum=DAY,
    )


@dataclass(frozen=True)
class Lifetimes:
    """Lifetimes"""

    access_token_ttl: int = setting(
        15 * MINUTE,
        "duration",
        "Life of an access token.",
        spec="RFC 6749 §5.1",
        minimum=1,
        maximum=2 * HOUR,
        aliases=("JWT_EXPIRES_IN",),
    )
    pushed_request_ttl: int = setting(
        60,
        "duration",
        "How long a pushed authorization request may be used.",
        spec="RFC 9126 §2.2",
        minimum=5,
        maximum=10 * MINUTE,
    )
    refresh_token_idle_ttl: int = setting(
        7 * DAY,
        "duration",
        "How long a refresh token lives unused.",
        minimum=1,
        aliases=("JWT_REFRESH_EXPIRES_IN",),
    )
    refresh_token_max_ttl: int = setting(90 * DAY, "duration", "How long a family of refresh tokens lives.", minimum=1)
    refresh_grace: int = setting(
        10,
        "duration",
        "How long a repeated refresh gets the same successor. 0 makes every repeat a replay, which ends the family.",
        spec="RFC 9700 §4.14.2",
        minimum=0,
    )
    code_ttl: int = setting(
        60, "duration", "Life of an authorization code.", spec="RFC 6749 §4.1.2", minimum=1, maximum=10 * MINUTE
    )
    id_token_ttl: int = setting(
        15 * MINUTE, "duration", "Life of an ID token.", spec="OpenID Connect Core §2", minimum=1, maximum=DAY
    )
    interaction_ttl: int = setting(
        30 * MINUTE, "duration", "How long a person may take to sign in and consent.", minimum=10, maximum=DAY
    )
    device_code_ttl: int = setting(
        10 * MINUTE,
        "duration",
        "How long a person may take to enter the code that a device shows.",
        spec="RFC 8628 §3.2",
        minimum=10,
        maximum=HOUR,
    )
    backchannel_request_ttl: int = setting(
        5 * MINUTE,
        "duration",
        "How long a person may take to answer a request that a client sent in the background.",
        spec="CIBA Core §7.3",
        minimum=10,
        maximum=HOUR,
    )
    polling_interval: int = setting(
        5,
        "duration",
        "How long a device or a background client waits between two polls.",
        spec="RFC 8628 §3.5",
        minimum=1,
        maximum=MINUTE,
    )
    session_idle_ttl: int = setting(7 * DAY, "duration", "How long a remembered session lives unused.", minimum=1)
    session_max_ttl: int = setting(30 * DAY, "duration", "How long a remembered session lives altogether.", minimum=1)
    session_browser_ttl: int = setting(
        12 * HOUR, "duration", "How long a session lives that the person did not ask to remember.", minimum=1
    )


@dataclass(frozen=True)
class Passwords:
    """Passwords and lockout"""

    password_min_length: int = setting(
        8, "count", "The shortest password accepted.", unit="characters", minimum=6, maximum=64
    )
    password_max_length: int = setting(
        128, "count", "The longest password accepted.", unit="characters", minimum=64, maximum=4096
    )
    password_classes: int = setting(
        4,
        "count",
        "Of small letters, capitals, digits and symbols, how many kinds a password must mix.",
        unit="kinds",
        spec="NIST SP 800-63B §3.1.1.2",
        minimum=0,
        maximum=4,
    )
    argon2_memory_kib: int = setting(
        19456, "count", "Memory of one password hash.", unit="KiB", spec="RFC 9106 §4", minimum=8, maximum=4194304
    )
    argon2_time_cost: int = setting(
        2, "count", "Passes of one password hash.", unit="passes", spec="RFC 9106 §4", minimum=1, maximum=100
    )
    argon2_parallelism: int = setting(
        1, "count", "Lanes of one password hash.", unit="lanes", spec="RFC 9106 §4", minimum=1, maximum=64
    )
    argon2_concurrency: int = setting(
        2,
        "count",
        "Password hashes one worker computes at a time, so that logins cannot starve token requests.",
        unit="hashes",
        minimum=1,
        maximum=64,
        varies=True,
    )
    lockout_threshold: int = setting(
        5, "count", "Failed logins from one address that lock an account for it.", unit="failures", minimum=1
    )
    lockout_window: int = setting(15 * MINUTE, "duration", "In which time failures are counted.", minimum=1)
    lockout_duration: int = setting(15 * MINUTE, "duration", "How long a lock lasts.", minimum=1)
    lockout_identifier_threshold: int = setting(
        50,
        "count",
        "Failed logins from all addresses that lock an account. Higher, so that a stranger cannot lock somebody out.",
        unit="failures",
        minimum=1,
    )
    delay_after: int = setting(
        3, "count", "The failure from which on each further attempt must wait longer.", unit="failures", minimum=1
    )


@dataclass(frozen=True)
class RateLimits:
    """Rate limits"""

    rate_limits: bool = setting(True, "flag", "The master switch. Off is for load tests alone.", varies=True, hot=True)
    rate_limit_token: str = setting(
        "600/minute", "limit", "Token endpoint, for each client and each address without one.", hot=True
    )
    rate_limit_authorize: str = setting("300/minute", "limit", "Authorization endpoint, for each address.", hot=True)
    rate_limit_login: str = setting("10/minute", "limit", "Failed logins, for each address.", hot=True)
    rate_limit_user_code: str = setting(
        "20/hour",
        "limit",
        "Device codes that one person or browser tries, and wrong ones from each address.",
        spec="RFC 8628 §5.1",
        hot=True,
    )
    rate_limit_introspect: str = setting("60000/minute", "limit", "Introspection, for each client.", hot=True)
    rate_limit_revoke: str = setting("600/minute", "limit", "Revocation, for each client.", hot=True)
    rate_limit_userinfo: str = setting("600/minute", "limit", "UserInfo, for each address.", hot=True)
    rate_limit_register: str = setting("60/hour", "limit", "Client registration, for each address.", hot=True)
    rate_limit_metadata: str = setting("1200/minute", "limit", "Discovery and key set, for each address.", hot=True)
    rate_limit_user: str = setting("600/minute", "limit", "All that one signed-in person does.", hot=True)
    rate_limit_mail: str = setting("20/hour", "limit", "Mails to one person.")
    rate_limit_default: str = setting("300/minute", "limit", "Everything else, for each address.", hot=True)
