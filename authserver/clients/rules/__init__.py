"""Rules for what a client registers beyond RFC 7591 §2, one module per family of members.

Each module has one `settled(wanted, policy)`: it refuses what cannot be
accepted and fills in what a specification derives from other members. What is
compared with rows of the database has a `check(wanted, known)` instead.
`metadata.validated` runs them all, whoever registers: an administrator, the
client itself, or the author of a metadata document.
"""

from __future__ import annotations

from authserver.clients.rules.run import settled

__all__ = ["settled"]
