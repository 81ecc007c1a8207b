"""Everything that lies sealed in the database for good, brought under another sealing key.

These are the private halves of keys, the keys of persons and of the
installation, and client secrets that are keys. Events
that wait are sealed too, but not for long: they must be written first, because
nobody may read them in between.
"""

from __future__ import annotations

from dataclasses import dataclass

from authserver.crypto import secrets
from authserver.crypto.sealing import Sealer
from authserver.events.persons import PersonKeys
from authserver.protocol.errors import ConflictError
from authserver.signing.keyring import sealing_context
from authserver.storage.unit import Unit


@dataclass(frozen=True, slots=True)
class Resealed:
    """How many keys changed their seal; those that lay under the present sealing key already are not counted."""

    signing_keys: int
    person_keys: int
    client_secrets: int
    installation_keys: int


def reseal(unit: Unit, sealer: Sealer) -> Resealed:
    """Bring all keys under the active key of `sealer`, which must know the older ones too.

    Raises:
        SealingError: a key lies under a sealing key that `sealer` does not know.
        ConflictError: events wait.
    """
    if waiting := unit.outbox.count() + unit.outbox.count_deliveries():
        raise ConflictError(f"{waiting} events wait under the previous sealing key: run the worker with that one first")
    return Resealed(
        _signing_keys(unit, sealer),
        PersonKeys(sealer).reseal(unit),
        _client_secrets(unit, sealer),
        _installation_keys(unit, sealer),
    )


def _signing_keys(unit: Unit, sealer: Sealer) -> int:
    changed = 0
    for row in unit.signing_keys.all():
        if row.sealed_private is not None and not sealer.is_current(row.sealed_private):
            sealed = sealer.rewrap(row.sealed_private, sealing_context(row.kid))
            changed += unit.signing_keys.replace_seal(row.kid, sealed)
    return changed


def _client_secrets(unit: Unit, sealer: Sealer) -> int:
    changed = 0
    for row in unit.client_secrets.all_sealed():
        if row.sealed is not None and not sealer.is_current(row.sealed):
            row.sealed = sealer.rewrap(row.sealed, secrets.sealing_context(row.client_id, row.digest))
            changed += 1
    return changed


def _installation_keys(unit: Unit, sealer: Sealer) -> int:
    return sum(
        unit.installation_keys.replace_seal(purpose, sealer.rewrap(sealed, purpose))
        for purpose, sealed in unit.installation_keys.all()
        if not sealer.is_current(sealed)
    )
