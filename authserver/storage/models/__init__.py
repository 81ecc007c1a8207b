"""One file per aggregate. Rows are the entities that higher layers see; only this package maps them.

Importing this package registers every table with the metadata.
"""

from authserver.storage.models import (
    assertion_issuers,
    audit,
    clients,
    decoupled,
    grants,
    installation_keys,
    logout,
    outbox,
    sessions,
    signing_keys,
    state,
    user_keys,
    users,
)

__all__ = [
    "assertion_issuers",
    "audit",
    "clients",
    "decoupled",
    "grants",
    "installation_keys",
    "logout",
    "outbox",
    "sessions",
    "signing_keys",
    "state",
    "user_keys",
    "users",
]
