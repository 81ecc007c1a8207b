"""Keys per person: what the audit log keeps about somebody can be made unreadable without touching the log.

A holder is a user's id. Data of nobody in particular, such as the address
behind a failed sign-in with an unknown name, belongs to its month.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import orjson

from authserver.crypto.sealing import Sealer
from authserver.events.event import canonical
from authserver.storage import Database, Unit
from authserver.storage.models.audit import AuditEntry

KEY_BYTES: Final = 32
PAGE: Final = 500
_ACTIVE: Final = "1"


def holder_of(user_id: str | None, occurred_at: datetime) -> str:
    """Whose key seals data about `user_id`, or about nobody, at a moment."""
    return _storable(user_id) if user_id else f"anonymous:{occurred_at:%Y-%m}"


def _storable(user_id: str) -> str:
    # Ids are ours and plain; whatever else comes must not stop the log.
    return user_id.replace("\0", "")[:64]


class PersonKeys:
    """Finds, makes and destroys the keys; each is itself sealed under the installation's key."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def sealers(self, database: Database, holders: Iterable[str]) -> dict[str, Sealer | None]:
        """A sealer for each holder, made where there was none; None for a person who was erased."""
        wanted = sorted(set(holders))
        with database.reading() as unit:
            keys = unit.user_keys.find_many(wanted)
        if missing := [holder for holder in wanted if holder not in keys]:
            with database.unit() as unit:
                unit.user_keys.add_missing({holder: self._new_key(holder) for holder in missing})
                keys |= unit.user_keys.find_many(missing)
        return {holder: self._unsealed(holder, key) for holder, key in keys.items()}

    def erase(self, unit: Unit, user_id: str) -> None:
        """Destroys the key of a person. What it sealed can never be read again, in any backup of the log."""
        unit.user_keys.erase(_storable(user_id))

    def reseal(self, unit: Unit) -> int:
        """Brings every key under the active sealing key; how many were not.

        Raises:
            SealingError: a key lies under a sealing key that is not here.
        """
        changed, after = 0, ""
        while page := unit.user_keys.page(PAGE, after):
            for holder, sealed in page:
                if not self._sealer.is_current(sealed):
                    changed += unit.user_keys.replace_seal(holder, self._sealer.rewrap(sealed, _key_context(holder)))
            after = page[-1][0]
        return changed

    def origin(self, unit: Unit, entry: AuditEntry) -> Mapping[str, Any]:
        """Address and user agent of an entry; empty when there are none or the person was erased."""
        return self._open(unit, entry.event_id, "origin", entry.origin, entry.origin_holder)

    def personal(self, unit: Unit, entry: AuditEntry) -> Mapping[str, Any]:
        """The personal fields of an entry; empty when there are none or the person was erased."""
        return self._open(unit, entry.event_id, "personal", entry.personal, entry.personal_holder)

    def _open(
        self, unit: Unit, event_id: str, part: str, sealed: bytes | None, holder: str | None
    ) -> Mapping[str, Any]:
        if sealed is None or holder is None:
            return {}
        sealer = self._unsealed(holder, unit.user_keys.find_many([holder]).get(holder))
        if sealer is None:
            return {}
        values: dict[str, Any] = orjson.loads(sealer.open(sealed, _context(event_id, part)))
        return values

    def _new_key(self, holder: str) -> bytes:
        return self._sealer.seal(os.urandom(KEY_BYTES), _key_context(holder))

    def _unsealed(self, holder: str, sealed_key: bytes | None) -> Sealer | None:
        if sealed_key is None:
            return None
        return Sealer({_ACTIVE: self._sealer.open(sealed_key, _key_context(holder))}, _ACTIVE)


def seal_part(sealer: Sealer | None, event_id: str, part: str, values: Mapping[str, Any]) -> bytes | None:
    """The sealed `part` ("origin" or "personal") of an audit entry; None when nothing is to be kept."""
    return sealer.seal(canonical(dict(values)), _context(event_id, part)) if sealer is not None and values else None


def _key_context(holder: str) -> str:
    return f"user_key:{holder}"


def _context(event_id: str, part: str) -> str:
    return f"audit:{event_id}:{part}"
