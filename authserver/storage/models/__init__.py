"""One file per aggregate. Rows are the entities that higher layers see; only this package maps them.

Importing this package registers every table with the metadata.
"""

from authserver.storage.models import clients, grants, sessions, signing_keys, state, users

__all__ = ["clients", "grants", "sessions", "signing_keys", "state", "users"]
