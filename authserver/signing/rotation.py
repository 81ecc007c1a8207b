"""The life of a key: next (published), active (signs), retired (verifies), removed.

A key is published before it signs, for as long as others may cache the key
set, so that no relying party meets a token whose key it has not seen. A retired
key stays published until what it signed has expired; its private half is
forgotten the moment it stops signing.

A key for encryption goes the same way with the roles turned round: others use
it from the moment it is published, so it opens what they send in every state,
and a retired one is published no more but keeps its private half until nobody
can remember it.

Every move is a conditional UPDATE and bumps the version that keyrings watch,
in the caller's transaction; of several processes that try the same move one
succeeds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from authserver.crypto.sealing import Sealer
from authserver.events.administration import SigningKeyGenerated, SigningKeyRetired, SigningKeyRotated
from authserver.events.event import Event
from authserver.protocol import validity
from authserver.protocol.errors import ConflictError, NotFound
from authserver.signing.keyring import VERSION_KIND, sealing_context
from authserver.signing.keys import (
    KEY_ALGORITHMS,
    OwnKey,
    generate,
    is_for_encryption,
    private_bytes,
    public_jwk,
)
from authserver.storage.models.signing_keys import SigningKey as KeyRow
from authserver.storage.unit import Unit

DAY: Final = 86400
PROPAGATION_SECONDS: Final = 2
"""Another process may serve the old key set for a second after the new key was committed."""


class RotationSettings(Protocol):
    """The settings that rotation depends on, all in seconds."""

    @property
    def jwks_max_age(self) -> int:
        """How long others may cache the key set."""
        ...

    @property
    def access_token_ttl(self) -> int:
        """Life of an access token."""
        ...

    @property
    def id_token_ttl(self) -> int:
        """Life of an ID token."""
        ...

    @property
    def session_max_ttl(self) -> int:
        """Life of a session, during which its ID tokens come back as hints."""
        ...


class EventRecorder(Protocol):
    """Records what happened into the same transaction."""

    def record(self, unit: Unit, event: Event) -> None:
        """Record an event."""
        ...


@dataclass(frozen=True, slots=True)
class Rotated:
    """The outcome of a rotation: `kid` signs from `active_at` on, which lies ahead while the key is only published."""

    kid: str
    algorithm: str
    active_at: datetime
    previous_kid: str | None = None

    @property
    def is_active(self) -> bool:
        """Whether the key signs already."""
        return validity.is_past(self.active_at)


class Rotation:
    """Moves keys through their lives.

    Args:
        settings: how long keys are published before and after they sign.
        sealer: seals private halves.
        recorder: records the events of each move.
    """

    def __init__(self, settings: RotationSettings, sealer: Sealer, recorder: EventRecorder) -> None:
        self._lead = settings.jwks_max_age + PROPAGATION_SECONDS if settings.jwks_max_age else 0
        self._retention = retention(settings)
        self._memory = max(settings.jwks_max_age, DAY)
        self._sealer = sealer
        self._recorder = recorder

    def ensure(self, unit: Unit, algorithms: Iterable[str] = KEY_ALGORITHMS) -> list[str]:
        """Make an active key for each algorithm that has none; the kids made. Safe with many processes at once.

        Raises:
            UnsuitableKey: an algorithm is unknown.
        """
        present = {row.algorithm for row in unit.signing_keys.in_state("active")}
        keys = [generate(alg) for alg in algorithms if alg not in present]
        return [key.kid for key in keys if self.add_first(unit, key)]

    def add_first(self, unit: Unit, key: OwnKey) -> bool:
        """Let `key` sign at once if its algorithm has no active key; whether it does."""
        row = self._row(key, "active")
        row.activated_at = row.created_at
        if not unit.signing_keys.add_first(row):
            return False
        self._changed(unit, SigningKeyGenerated(kid=key.kid, algorithm=key.alg))
        return True

    def prepare_next(self, unit: Unit, alg: str) -> str:
        """Publish the key that will sign after the present one; the kid. A key that waits already is enough.

        Raises:
            UnsuitableKey: the algorithm is unknown.
        """
        waiting = unit.signing_keys.in_state("next", alg)
        return waiting[0].kid if waiting else self.publish(unit, generate(alg))

    def publish(self, unit: Unit, key: OwnKey) -> str:
        """Publish a key that does not sign yet.

        Raises:
            ConflictError: the key is here already, in whatever state.
        """
        if unit.signing_keys.find(key.kid) is not None:
            raise ConflictError("this key is here already")
        unit.signing_keys.add(self._row(key, "next"))
        self._changed(unit, SigningKeyGenerated(kid=key.kid, algorithm=key.alg))
        return key.kid

    def rotate(self, unit: Unit, alg: str, *, force: bool = False) -> Rotated:
        """Let the next key of an algorithm sign as soon as it was published long enough.

        Where that lies ahead, the key is scheduled and `advance` lets it sign.

        Args:
            unit: the transaction.
            alg: the algorithm.
            force: do not wait; relying parties that cache the key set will refuse tokens until they fetch it again.

        Raises:
            UnsuitableKey: the algorithm is unknown.
            ConflictError: another process rotated at the same moment.
        """
        kid = self.prepare_next(unit, alg)
        row = unit.signing_keys.find(kid)
        assert row is not None  # noqa: S101 - it was found or made in this transaction
        ready_at = validity.after(self._lead, row.created_at)
        if force or validity.is_past(ready_at):
            return self._take_over(unit, alg, kid)
        if row.activated_at is None and not unit.signing_keys.schedule(kid, ready_at):
            raise ConflictError("another rotation is under way")
        return Rotated(kid, alg, row.activated_at or ready_at)

    def advance(self, unit: Unit) -> list[Rotated]:
        """Do what is due: let scheduled keys sign, and remove retired keys whose tokens have all expired."""
        due = [
            row for row in unit.signing_keys.in_state("next") if row.activated_at and validity.is_past(row.activated_at)
        ]
        taken = [self._take_over(unit, row.algorithm, row.kid) for row in due]
        now = validity.now()
        for row in unit.signing_keys.in_state("retired"):
            if row.expires_at and validity.is_past(row.expires_at) and unit.signing_keys.remove(row.kid, now):
                unit.versions.bump(VERSION_KIND)
        return taken

    def retire(self, unit: Unit, kid: str) -> Rotated | None:
        """Let a key sign no more. The active key is replaced at once; one that only waits is removed.

        Raises:
            NotFound: there is no such key.
            ConflictError: it signs no more already.
        """
        row = self._get(unit, kid)
        if row.state == "active":
            return self.rotate(unit, row.algorithm, force=True)
        if row.state != "next":
            raise ConflictError("this key signs no more already")
        self.remove(unit, kid)
        return None

    def remove(self, unit: Unit, kid: str) -> None:
        """Publish a key no more: whatever it signed is refused from now on. For a key that others may know.

        Raises:
            NotFound: there is no such key.
            ConflictError: it is the active key, or removed already.
        """
        row = self._get(unit, kid)
        if not unit.signing_keys.remove(kid, validity.now()):
            raise ConflictError(
                "retire the active key first" if row.state == "active" else "this key is removed already"
            )
        self._changed(unit, SigningKeyRetired(kid=kid, algorithm=row.algorithm))

    def _take_over(self, unit: Unit, alg: str, kid: str) -> Rotated:
        now = validity.now()
        previous = next(iter(unit.signing_keys.in_state("active", alg)), None)
        # The old key leaves first: the database allows one active key for an algorithm.
        if previous and not self._retire(unit, previous, now):
            raise ConflictError("another rotation is under way")
        if not unit.signing_keys.activate(kid, now):
            raise ConflictError("another rotation is under way")
        previous_kid = previous.kid if previous else None
        self._changed(unit, SigningKeyRotated(kid=kid, algorithm=alg, previous_kid=previous_kid))
        if previous_kid:
            self._recorder.record(unit, SigningKeyRetired(kid=previous_kid, algorithm=alg))
        return Rotated(kid, alg, now, previous_kid)

    def _retire(self, unit: Unit, key: KeyRow, now: datetime) -> bool:
        """What signed is forgotten at once; what opens is kept while others may remember the key set it stood in."""
        if is_for_encryption(key.algorithm):
            return unit.signing_keys.retire(key.kid, now, validity.after(self._memory, now), keeps_private=True)
        return unit.signing_keys.retire(key.kid, now, validity.after(self._retention, now))

    def _get(self, unit: Unit, kid: str) -> KeyRow:
        row = unit.signing_keys.find(kid)
        if row is None:
            raise NotFound(f"there is no signing key {kid}")
        return row

    def _row(self, key: OwnKey, state: str) -> KeyRow:
        return KeyRow(
            kid=key.kid,
            algorithm=key.alg,
            state=state,
            public_jwk=public_jwk(key.alg, key.private.public_key()),
            sealed_private=self._sealer.seal(private_bytes(key), sealing_context(key.kid)),
            created_at=validity.now(),
        )

    def _changed(self, unit: Unit, event: Event) -> None:
        unit.versions.bump(VERSION_KIND)
        self._recorder.record(unit, event)


def retention(settings: RotationSettings) -> int:
    """Seconds for which a retired key verifies.

    Clients and resources may let tokens live up to a day; ID tokens come back as hints as long as their session lives.
    """
    return max(settings.access_token_ttl, settings.id_token_ttl, settings.session_max_ttl, DAY)
