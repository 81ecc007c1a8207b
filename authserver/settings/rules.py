"""Checks over the settings as a whole. Each takes settings and returns what is wrong, or None."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from authserver.settings.forms import is_loopback, network
from authserver.settings.schema import Settings

Check = Callable[[Settings], str | None]
Severity = Literal["error", "unsafe", "warning"]

SECRETS = ("sealing_key", "application_secret", "pepper")
FILES = ("tls_certfile", "tls_keyfile", "client_certificate_ca", "outbound_ca_bundle", "software_statement_issuers")
SECRET_BYTES = 32
DISTINCT_BYTES = 10
PLACEHOLDER = re.compile(
    rb"change[-_ ]?(me|this|it)|your[-_ ]|example|place[-_ ]?holder|replace[-_ ]?(me|this)|super[-_ ]?secret|password"
    rb"|secret[-_ ]?key|jwt[-_ ]?secret|refresh[-_ ]?secret|default[-_ ]|insecure|(dev|test)[-_ ](secret|key|only)",
    re.IGNORECASE,
)
DEFAULT_PASSWORDS = frozenset(
    {"", "postgres", "password", "authserver", "admin", "root", "secret", "changeme", "change-me", "test", "example"}
)
# Least memory (KiB) for each number of passes: OWASP Password Storage Cheat Sheet, Argon2id.
ARGON2_FLOOR = ((5, 7168), (4, 9216), (3, 12288), (2, 19456), (1, 47104))
METADATA_SERVICE = IPv4Address("169.254.169.254")


def issuer_is_plain(settings: Settings) -> str | None:
    """OpenID Connect Discovery §3: an issuer is an https address."""
    return None if settings.is_https else f"The issuer {settings.issuer} is not an https address"


def issuer_is_local(settings: Settings) -> str | None:
    """A name nobody else can reach, behind TLS of our own."""
    host = urlsplit(settings.issuer).hostname or ""
    local = settings.is_https and is_loopback(host)
    return f"The issuer {settings.issuer} means this machine, wherever a client reads it" if local else None


def issuer_alias_is_plain(settings: Settings) -> str | None:
    """An alias is as good as the issuer, so it needs the same protection."""
    plain = [alias for alias in settings.addresses[1:] if not alias.lower().startswith("https://")]
    return f"The alias {plain[0]} is not an https address" if plain else None


def development_on_a_network(settings: Settings) -> str | None:
    """Development defaults are for the own machine."""
    exposed = settings.environment == "development" and not is_loopback(settings.host)
    return f"The server listens on {settings.host} with development defaults" if exposed else None


def secret_is_missing(name: str, settings: Settings) -> str | None:
    """Every instance of production must have the same secrets, from where they are kept safely."""
    return None if getattr(settings, name) else f"{name} is not given"


def secret_is_weak(name: str, settings: Settings) -> str | None:
    """RFC 7518 §3.2: a key as long as the digest; and one that was not copied from an example."""
    secret: bytes = getattr(settings, name)
    if not secret:
        return None
    if len(secret) < SECRET_BYTES:
        return f"{name} has {len(secret)} bytes, and {SECRET_BYTES} are the least"
    if PLACEHOLDER.search(secret):
        return f"{name} looks like an example"
    return f"{name} repeats a few characters" if len(set(secret)) < DISTINCT_BYTES else None


def secrets_are_the_same(settings: Settings) -> str | None:
    """One secret for two purposes means that one leak breaks both."""
    given = [name for name in SECRETS if getattr(settings, name)]
    for index, name in enumerate(given):
        for other in given[index + 1 :]:
            if getattr(settings, name) == getattr(settings, other):
                return f"{name} and {other} are the same"
    return None


def keys_are_readable(settings: Settings) -> str | None:
    """Private keys that others on the machine can read are not private."""
    for path in [settings.tls_keyfile, *_secret_files(settings.keys_dir)]:
        if path is not None and path.is_file() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            return f"{path} can be read by other users of this machine"
    return None


def _secret_files(directory: Path) -> Iterable[Path]:
    return [directory / name.replace("_", "-") for name in SECRETS]


def files_are_missing(settings: Settings) -> str | None:
    """Named files must be there."""
    for path in (getattr(settings, name) for name in FILES):
        if path is not None and not path.is_file():
            return f"{path} does not exist"
    return None


def registration_is_open(settings: Settings) -> str | None:
    """RFC 7591 §5: whoever registers chooses the name that people see when they are asked for consent."""
    return "Everybody may register a client" if settings.registration == "open" else None


def tls_is_half(settings: Settings) -> str | None:
    """A certificate is of no use without its key."""
    half = (settings.tls_certfile is None) != (settings.tls_keyfile is None)
    return "One of tls_certfile and tls_keyfile is set without the other" if half else None


def proxy_is_unknown(settings: Settings) -> str | None:
    """Behind a proxy that is not named, all callers share its address, and with it their rate limits."""
    behind = settings.is_https and settings.tls_certfile is None and not settings.trusted_proxies
    return "TLS ends before this server, and no trusted proxy is named: all callers look like one" if behind else None


def certificates_do_not_arrive(settings: Settings) -> str | None:
    """granian ends TLS without a word about the client's certificate."""
    direct = settings.tls_certfile is not None and settings.server == "gunicorn"
    deaf = settings.client_certificate_ca is not None and not settings.client_certificate_header and not direct
    return "client_certificate_ca is set, and no client certificate reaches this server" if deaf else None


def certificate_header_is_nobodys(settings: Settings) -> str | None:
    """A certificate header counts from trusted proxies alone."""
    nobodys = bool(settings.client_certificate_header) and not settings.trusted_proxies
    return "client_certificate_header is set, and no trusted proxy may send it" if nobodys else None


def proxies_are_everybody(settings: Settings) -> str | None:
    """Whoever is trusted as a proxy chooses the address that limits and logs see."""
    return _widest("trusted_proxies", settings.trusted_proxies)


def outbound_is_everything(settings: Settings) -> str | None:
    """Outgoing requests follow addresses that clients register; the list must not undo the guard."""
    if "*" in settings.outbound_allow:
        return "outbound_allow holds *"
    for text in settings.outbound_allow:
        found = network(text)
        if found is not None and METADATA_SERVICE in found:
            return f"outbound_allow holds {text}, and with it the cloud's metadata service"
    return _widest("outbound_allow", settings.outbound_allow)


def _widest(name: str, texts: Iterable[str]) -> str | None:
    for text in texts:
        found = network(text)
        if found is not None and found.prefixlen < (8 if found.version == 4 else 16):
            return f"{name} holds {text}, which is too wide"
    return None


def cors_is_wildcard(settings: Settings) -> str | None:
    """Fetch Standard §3.2.5: credentials and a wildcard do not go together."""
    return "cors_origins holds *" if "*" in settings.cors_origins else None


def cors_is_plain(settings: Settings) -> str | None:
    """Whoever sits between can put a script into a page of an http origin."""
    for origin in settings.cors_origins:
        if origin.startswith("http://") and not is_loopback(urlsplit(origin).hostname or ""):
            return f"The origin {origin} is not https"
    return None


def hosts_are_wildcard(settings: Settings) -> str | None:
    """A foreign `Host` must not be answered."""
    return "allowed_hosts holds *" if "*" in settings.allowed_hosts else None


def limits_are_off(settings: Settings) -> str | None:
    """Without limits passwords and codes can be guessed at network speed."""
    return None if settings.rate_limits else "Rate limits are off"


def logs_are_verbose(settings: Settings) -> str | None:
    """Debug lines of libraries hold what ours never write."""
    return "Everything is logged at debug level" if settings.log_level == "debug" else None


def playground_is_on(settings: Settings) -> str | None:
    """The playground shows the bytes of tokens."""
    return "The playground is on" if settings.playground and settings.is_production else None


def metrics_token_is_weak(settings: Settings) -> str | None:
    """A bearer token is a password that nobody needs to remember."""
    token = settings.metrics_token
    if not token:
        return None
    weak = len(token) < SECRET_BYTES // 2 or PLACEHOLDER.search(token.encode()) or len(set(token)) < DISTINCT_BYTES
    return "metrics_token can be guessed" if weak else None


def metrics_have_no_token(settings: Settings) -> str | None:
    """Metrics are read from elsewhere, where the server is reached from elsewhere."""
    closed = not settings.metrics_token and not is_loopback(settings.host)
    return "There is no metrics_token, so /metrics answers this machine alone" if closed else None


def hash_is_cheap(settings: Settings) -> str | None:
    """OWASP's floor for Argon2id: less memory asks for more passes."""
    memory, passes = settings.argon2_memory_kib, settings.argon2_time_cost
    floor = next(least for count, least in ARGON2_FLOOR if passes >= count)
    return f"Argon2id with {memory} KiB and {passes} passes is below {floor} KiB" if memory < floor else None


def password_is_short(settings: Settings) -> str | None:
    """NIST SP 800-63B §3.1.1.2: at least eight characters."""
    length = settings.password_min_length
    return f"Passwords of {length} characters are accepted" if length < 8 else None


def grace_is_long(settings: Settings) -> str | None:
    """RFC 9700 §4.14.2: within the grace a stolen refresh token is not told from a lost answer."""
    return f"The refresh grace is {settings.refresh_grace} seconds" if settings.refresh_grace > 60 else None


def access_token_is_long(settings: Settings) -> str | None:
    """A resource server that does not introspect accepts a revoked token until it expires."""
    long = settings.access_token_ttl > 3600
    return f"Access tokens live {settings.access_token_ttl} seconds" if long else None


def idle_exceeds_max(idle: str, most: str, settings: Settings) -> str | None:
    """An idle limit beyond the absolute one never takes effect."""
    return f"{idle} is longer than {most}" if getattr(settings, idle) > getattr(settings, most) else None


def lockout_is_inverted(settings: Settings) -> str | None:
    """The limit over all addresses must be the higher one, or a stranger can lock somebody out."""
    inverted = settings.lockout_identifier_threshold <= settings.lockout_threshold
    return "lockout_identifier_threshold is not above lockout_threshold" if inverted else None


def delays_come_too_late(settings: Settings) -> str | None:
    """Delays begin before the lock."""
    late = settings.delay_after > settings.lockout_threshold
    return "delay_after is above lockout_threshold, so delays never begin" if late else None


def database_is_sqlite(settings: Settings) -> str | None:
    """SQLite is one file of one machine."""
    embedded = settings.is_production and settings.database_url.startswith("sqlite")
    return "The database is SQLite, which several instances cannot share" if embedded else None


def database_password_is_default(settings: Settings) -> str | None:
    """Default credentials are the first that anybody tries."""
    parts = urlsplit(settings.database_url)
    known = parts.password is not None and unquote(parts.password).lower() in DEFAULT_PASSWORDS
    return "The database password is a well-known one" if known else None


def pool_is_small(settings: Settings) -> str | None:
    """Each worker needs a connection of its own."""
    small = settings.database_pool_size < settings.workers
    return f"{settings.database_pool_size} database connections for {settings.workers} workers" if small else None


def threads_are_few(settings: Settings) -> str | None:
    """A handful of slow senders holds all threads."""
    return f"A worker has {settings.threads} threads" if settings.threads < 16 else None


def mail_is_plain(settings: Settings) -> str | None:
    """RFC 8314 §3: mail is submitted over TLS; links in it open accounts."""
    plain = settings.smtp_host and settings.smtp_security == "none" and not is_loopback(settings.smtp_host)
    return "Mail travels in the clear" if plain else None


def mail_is_off(settings: Settings) -> str | None:
    """Without a mail server people learn of nothing that waits for them."""
    return "There is no mail server, so nobody is mailed" if settings.is_production and not settings.smtp_host else None


def mail_has_no_sender(settings: Settings) -> str | None:
    """Mail servers refuse mail without one."""
    return "smtp_host is set without smtp_from" if settings.smtp_host and not settings.smtp_from else None
