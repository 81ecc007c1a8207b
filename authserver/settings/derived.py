"""Defaults that depend on other settings, resolved once; paths become absolute."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from authserver.settings.forms import is_loopback

PATHS = (
    *("instance_dir", "keys_dir", "tls_certfile", "tls_keyfile", "client_certificate_ca"),
    *("outbound_ca_bundle", "software_statement_issuers"),
)
FOLLOW_DEVELOPMENT = ("worker_enabled", "auto_migrate", "playground")


def derive(values: Mapping[str, Any], given: Collection[str], problem: Callable[[str, str], None]) -> dict[str, Any]:
    """All values with the dependent defaults filled in; `problem` hears of combinations that cannot work."""
    found = dict(values)
    for name in PATHS:
        if found[name] is not None:
            found[name] = Path(found[name]).expanduser().absolute()
    for name in FOLLOW_DEVELOPMENT:
        if name not in given:
            found[name] = found["environment"] == "development"
    if "issuer" not in given:
        found["issuer"] = _local_issuer(found)
        if not is_loopback(found["host"]):
            problem("issuer", f"AUTHSERVER_ISSUER: must be set, because the server listens on {found['host']}")
    found["database_url"] = _database_url(found)
    return found


def _local_issuer(found: Mapping[str, Any]) -> str:
    host = found["host"] if is_loopback(found["host"]) else "127.0.0.1"
    literal = f"[{host}]" if ":" in host else host
    scheme = "https" if found["tls_certfile"] else "http"
    return f"{scheme}://{literal}:{found['port']}"


def _database_url(found: Mapping[str, Any]) -> str:
    """SQLAlchemy's spelling: psycopg 3 for the names operators use, SQLite in the instance directory by default."""
    url: str = found["database_url"]
    if not url:
        return f"sqlite:///{found['instance_dir'] / 'authserver.db'}"
    for scheme in ("postgres://", "postgresql://"):
        if url.startswith(scheme):
            return "postgresql+psycopg://" + url.removeprefix(scheme)
    return url
