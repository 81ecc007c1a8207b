"""The hash chain of the audit log: how an entry is built, and how the log is checked.

An entry's hash covers its number, its predecessor's hash, the record and the
sealed parts as they are stored, so erasing a person's key changes no hash.
The columns beside the record are checked against it, because they are what
searches show.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from authserver.events.envelope import Envelope, moment_of
from authserver.events.event import canonical
from authserver.storage import Database
from authserver.storage.models.audit import FIRST_HASH, AuditEntry
from authserver.storage.repositories.audit import Head

_LENGTHS: Final[Mapping[str, int]] = {
    "type": 64,
    "outcome": 16,
    "actor": 255,
    "target": 2048,
    "correlation_id": 128,
    "user_id": 36,
    "client_id": 255,
    "session_id": 36,
    "grant_id": 36,
    "organization_id": 36,
    "device_id": 36,
}


@dataclass(frozen=True, slots=True)
class SealedParts:
    """What an entry keeps about people, and under whose keys."""

    origin: bytes | None = None
    origin_holder: str | None = None
    personal: bytes | None = None
    personal_holder: str | None = None


@dataclass(frozen=True, slots=True)
class ChainReport:
    """The result of a check.

    Attributes:
        entries: how many entries were found good.
        broken_at: the sequence number of the first bad or missing entry, or None.
        reason: a stable word for what is wrong: `missing`, `reordered`, `changed`, `columns_changed`, `truncated`.
        head: the hash of the last good entry; noted elsewhere, it proves later that nothing before it changed.
    """

    entries: int
    broken_at: int | None
    reason: str
    head: bytes

    @property
    def is_whole(self) -> bool:
        """Whether nothing was changed, removed or reordered."""
        return self.broken_at is None


def entry_row(envelope: Envelope, parts: SealedParts, previous: Head) -> dict[str, Any]:
    """The row of the entry that follows `previous`."""
    row: dict[str, Any] = {
        "sequence": previous.sequence + 1,
        "event_id": envelope.event_id,
        "record": envelope.record,
        "origin": parts.origin,
        "origin_holder": parts.origin_holder,
        "personal": parts.personal,
        "personal_holder": parts.personal_holder,
        "previous_hash": previous.hash,
    }
    return row | _columns(envelope.record) | {"hash": _hash(row)}


def verify_chain(database: Database) -> ChainReport:
    """Reads the whole log and reports the first break; entries appended meanwhile do no harm."""
    good = Head(0, FIRST_HASH)
    with database.reading() as unit:
        end = unit.audit.head()
        known_end_seen = end.sequence == 0
        for entry in unit.audit.walk():
            if reason := _fault(entry, good):
                return ChainReport(good.sequence, good.sequence + 1, reason, good.hash)
            good = Head(entry.sequence, entry.hash)
            known_end_seen = known_end_seen or good == end
    if not known_end_seen:
        return ChainReport(good.sequence, good.sequence + 1, "truncated", good.hash)
    return ChainReport(good.sequence, None, "", good.hash)


def _fault(entry: AuditEntry, previous: Head) -> str:
    if entry.sequence != previous.sequence + 1:
        return "missing"
    if entry.previous_hash != previous.hash:
        return "reordered"
    row = {name: getattr(entry, name) for name in _HASHED}
    if _hash(row) != entry.hash:
        return "changed"
    columns = _columns(entry.record)
    return "" if all(getattr(entry, name) == value for name, value in columns.items()) else "columns_changed"


_HASHED: Final = (
    "sequence",
    "event_id",
    "record",
    "origin",
    "origin_holder",
    "personal",
    "personal_holder",
    "previous_hash",
)


def _hash(row: Mapping[str, Any]) -> bytes:
    plain = {name: value.hex() if isinstance(value, bytes) else value for name in _HASHED for value in (row[name],)}
    return hashlib.sha256(canonical(plain)).digest()


def _columns(record_text: str) -> dict[str, Any]:
    """The columns to search by. They are cut to size: a long value must not stop the log, and `record` has it whole."""
    record = orjson.loads(record_text)
    values = record["data"] | record
    columns: dict[str, Any] = {name: _fitting(values.get(name), length) for name, length in _LENGTHS.items()}
    return columns | {"occurred_at": moment_of(record["time"]), "risk_score": values.get("risk_score")}


def _fitting(value: Any, length: int) -> str | None:
    # PostgreSQL stores no NUL in text.
    return str(value).replace("\0", "\N{REPLACEMENT CHARACTER}")[:length] if value is not None else None
