"""Settings of the server itself: where it listens, what it keeps, what it lets in and what it says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from authserver.settings import forms
from authserver.settings.definitions import setting

Environment = Literal["development", "testing", "staging", "production"]


@dataclass(frozen=True)
class Server:
    """Address and processes"""

    environment: Environment = setting(
        "development",
        "choice",
        "What this installation is for. Staging keeps the rules of production; the other two may use defaults "
        "that are unsafe on a network.",
        choices=("development", "testing", "staging", "production"),
        aliases=("APP_ENV", "NODE_ENV"),
        varies=True,
    )
    issuer: str = setting(
        "",
        "text",
        "The public address, exactly as clients know it. Links, cookies and tokens use it; request headers never do.",
        spec="RFC 8414 §2, OpenID Connect Discovery §3",
        varies=True,
        default_text="`http://127.0.0.1:PORT`",
        check=forms.issuer,
    )
    issuer_aliases: tuple[str, ...] = setting(
        (),
        "list",
        "Further addresses under which this server may be reached.",
        varies=True,
        check=forms.issuers,
    )
    mtls_url: str = setting(
        "",
        "text",
        "A further address of this server under which clients are asked for their certificate, so that browsers are "
        "not; metadata lists the endpoints there.",
        spec="RFC 8705 §5",
        varies=True,
        check=forms.issuer,
    )
    host: str = setting(
        "127.0.0.1",
        "text",
        "The address to listen on. Beyond loopback an issuer must be set.",
        aliases=("HOST",),
        varies=True,
    )
    port: int = setting(
        8000, "count", "The TCP port to listen on.", minimum=1, maximum=65535, aliases=("PORT",), varies=True
    )
    server: Literal["granian", "gunicorn"] = setting(
        "granian", "choice", "The HTTP server that `authserver serve` runs.", choices=("granian", "gunicorn")
    )
    tls_certfile: Path | None = setting(
        None, "path", "Certificate chain (PEM), where TLS ends at this server.", varies=True
    )
    tls_keyfile: Path | None = setting(
        None, "path", "Private key (PEM) of the certificate; readable by the server's user alone.", varies=True
    )
    client_certificate_ca: Path | None = setting(
        None,
        "path",
        "Certificate authorities (PEM) of client certificates: gunicorn asks for such a certificate where TLS ends at "
        "it, and `tls_client_auth` accepts no other, wherever TLS ends.",
        spec="RFC 8705 §2.1",
        varies=True,
    )
    workers: int = setting(
        1, "count", "Server processes of one instance.", unit="processes", minimum=1, maximum=256, varies=True
    )
    threads: int = setting(
        64,
        "count",
        "Threads of one worker. A slow sender holds one of them until a timeout ends it, so few are too few.",
        unit="threads",
        minimum=1,
        maximum=1024,
        varies=True,
    )
    worker_enabled: bool = setting(
        False,
        "flag",
        "Whether the server process also does the background work of `authserver worker`.",
        default_text="on in development, otherwise off",
        varies=True,
    )
    worker_lifetime: int = setting(
        6 * 3600,
        "duration",
        "The age at which a worker is replaced, give or take a tenth; 0 means never.",
        minimum=0,
    )
    graceful_timeout: int = setting(
        30, "duration", "How long a stopping server waits for the answers it owes.", minimum=1, maximum=600
    )
    instance_dir: Path = setting(
        Path("instance"),
        "path",
        "Where this instance keeps its own files: SQLite database, event spool, counters, locks.",
        varies=True,
    )
    auto_migrate: bool = setting(
        False,
        "flag",
        "Whether `serve` brings the database schema up to date itself, one instance at a time.",
        default_text="on in development, otherwise off",
        varies=True,
    )
    playground: bool = setting(
        False,
        "flag",
        "Whether `/playground`, a small relying party to try the flows with, is served.",
        default_text="on in development, otherwise off",
        varies=True,
    )
    default_locale: str = setting(
        "en",
        "text",
        "The language of pages where nothing better is known (BCP 47).",
        check=forms.locale,
    )


@dataclass(frozen=True)
class Stores:
    """Database and Redis"""

    database_url: str = setting(
        "",
        "text",
        "Where everything lives: `sqlite:///…` or `postgresql://…`.",
        secret=True,
        aliases=("DATABASE_URL",),
        varies=True,
        default_text="`sqlite:///INSTANCE_DIR/authserver.db`",
        check=forms.database,
    )
    database_pool_size: int = setting(
        20,
        "count",
        "Database connections of one instance, shared out to its workers.",
        unit="connections",
        minimum=1,
        maximum=1000,
        varies=True,
    )
    database_pool_timeout: float = setting(
        5.0, "duration", "How long a request waits for a connection before it is answered 503.", minimum=0.1, maximum=60
    )
    redis_url: str | None = setting(
        None,
        "text",
        "Redis for rate limits and short-lived values. Without it they are in the database.",
        secret=True,
        aliases=("REDIS_URL",),
        varies=True,
        check=forms.redis,
    )


@dataclass(frozen=True)
class Edge:
    """What is let in"""

    allowed_hosts: tuple[str, ...] = setting(
        (),
        "list",
        "Values of the `Host` header answered besides the issuer's and its aliases'.",
        varies=True,
        check=forms.hosts,
    )
    trusted_proxies: tuple[str, ...] = setting(
        (),
        "list",
        "Addresses or networks whose forwarded and certificate headers count; from others they are dropped.",
        varies=True,
        check=forms.networks,
    )
    client_certificate_header: str = setting(
        "",
        "text",
        "The header in which trusted proxies hand over the client's certificate: `Client-Cert`, or one of your choice "
        "with the PEM (percent-encoded) or the base64 of the DER. Proxies must replace or drop what callers send.",
        spec="RFC 9440 §2.1",
        varies=True,
        check=forms.header_name,
    )
    cors_origins: tuple[str, ...] = setting(
        (),
        "list",
        "Browser origins that may call the JSON API. Protocol endpoints use the origins of the client instead.",
        spec="Fetch Standard §3.2",
        aliases=("FRONTEND_URL",),
        varies=True,
        check=forms.origins,
    )
    max_body_bytes: int = setting(131072, "size", "The largest request body.", minimum=4096, maximum=64 * 1024 * 1024)
    body_timeout: int = setting(10, "duration", "How long a request body may take to arrive.", minimum=1, maximum=300)


@dataclass(frozen=True)
class Outgoing:
    """Outgoing requests and mail"""

    outbound_allow: tuple[str, ...] = setting(
        (),
        "list",
        "Private hosts or networks that outgoing requests may reach; public ones need no entry.",
        varies=True,
        check=forms.destinations,
    )
    outbound_ca_bundle: Path | None = setting(
        None, "path", "Certificate authorities (PEM) for outgoing requests, instead of the system's.", varies=True
    )
    outbound_timeout: float = setting(
        5.0, "duration", "How long one outgoing request may take altogether.", minimum=0.1, maximum=60
    )
    outbound_max_bytes: int = setting(
        1048576, "size", "The largest answer read from another server.", minimum=1024, maximum=64 * 1024 * 1024
    )
    smtp_host: str = setting("", "text", "The mail server; without one nothing is mailed.", varies=True)
    smtp_port: int = setting(587, "count", "The port of the mail server.", minimum=1, maximum=65535, varies=True)
    smtp_security: Literal["starttls", "tls", "none"] = setting(
        "starttls",
        "choice",
        "How the connection to the mail server is protected.",
        spec="RFC 8314 §3",
        choices=("starttls", "tls", "none"),
        varies=True,
    )
    smtp_username: str = setting("", "text", "The name at the mail server, if it asks for one.", varies=True)
    smtp_password: str = setting("", "text", "The password at the mail server.", secret=True, varies=True)
    smtp_from: str = setting(
        "",
        "text",
        "The sender of mails: an address, or `Name <address>`.",
        spec="RFC 5322 §3.4",
        varies=True,
        check=forms.mailbox,
    )
    smtp_timeout: float = setting(10.0, "duration", "How long one mail may take.", minimum=1, maximum=60)


@dataclass(frozen=True)
class Telemetry:
    """Logs and metrics"""

    log_level: Literal["debug", "info", "warning", "error"] = setting(
        "info", "choice", "The least urgent message written.", choices=("debug", "info", "warning", "error"), hot=True
    )
    log_levels: tuple[str, ...] = setting(
        (),
        "list",
        "Levels of single modules, as `authserver.grants=debug`; they win over `log_level`.",
        hot=True,
        check=forms.module_levels,
    )
    log_format: Literal["json", "text"] = setting(
        "json", "choice", "One JSON object per line, or a line for people.", choices=("json", "text"), varies=True
    )
    log_output: Literal["stderr", "stdout"] = setting(
        "stderr", "choice", "Where log lines go.", choices=("stderr", "stdout"), varies=True
    )
    metrics_token: str = setting(
        "",
        "text",
        "The bearer token that opens `/metrics` to others than loopback; without it they are refused.",
        spec="RFC 6750 §2.1",
        secret=True,
        varies=True,
        check=forms.header_text,
    )
