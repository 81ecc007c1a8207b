"""The keys of this moment: an immutable snapshot in process memory.

Whoever changes keys bumps the version `keys` in the same transaction; a
process believes the version it read for at most a second and loads the keys
anew when it moved. While the database does not answer, the last snapshot serves: what
must not be stale (does the token still live?) is asked of the database anyway.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from authserver.crypto.sealing import Sealer
from authserver.signing.jwk_set import JWKSDocument, render
from authserver.signing.keys import (
    ALGORITHMS,
    DecryptionKey,
    OwnKey,
    SigningKey,
    VerificationKey,
    from_private_bytes,
    is_for_encryption,
    verification_key,
)
from authserver.storage.database import Database
from authserver.storage.models.signing_keys import SigningKey as KeyRow
from authserver.storage.snapshots import watch
from authserver.storage.unit import Unit
from authserver.telemetry.logs import get_logger

VERSION_KIND: Final = "keys"
RETRY_SECONDS: Final = 1.0
"""How long the last snapshot serves unasked after the database failed to answer."""
MISSING_SECONDS: Final = 0.1
"""How often at most the version is read for a key that was not found: another process may have made it just now."""
PUBLISHED_STATES: Final = ("active", "next", "retired")
"""In this order they are published, because some relying parties take the first key of an algorithm."""
OFFERED_STATES: Final = ("active", "next")
"""Of the keys for encryption, those that are published: what is retired opens what is under way and gets no more."""

log = get_logger(__name__)


class NoActiveKey(LookupError):
    """No key signs with this algorithm."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Every usable key at one version."""

    version: int
    signing: Mapping[str, SigningKey] = field(repr=False)
    verification: Mapping[str, VerificationKey]
    decryption: tuple[DecryptionKey, ...] = field(repr=False)
    document: JWKSDocument


class Keyring:
    """The keys that sign and verify, for every thread of a process.

    Args:
        database: where the keys are.
        sealer: opens their private halves.
    """

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer
        self._watch = watch(database)
        self._snapshot: Snapshot | None = None
        self._patience = self._missing_until = float("-inf")
        self._lock = threading.Lock()

    def active(self, alg: str) -> SigningKey:
        """The key that signs with `alg` now.

        Raises:
            NoActiveKey: there is none.
        """
        key = self._current().signing.get(alg)
        if key is None:
            raise NoActiveKey(f"no active signing key for {alg}")
        return key

    def find(self, kid: str) -> VerificationKey | None:
        """The published key with this name, whatever its state."""
        return self._current().verification.get(kid) or self._looked_again().verification.get(kid)

    def decryption_keys(self) -> tuple[DecryptionKey, ...]:
        """The keys that open what others encrypted to us, the active ones first; none of them signs."""
        return self._current().decryption

    def algorithms(self) -> tuple[str, ...]:
        """The algorithms that have an active key, in the order of `keys.ALGORITHMS`."""
        signing = self._current().signing
        return tuple(alg for alg in ALGORITHMS if alg in signing)

    def public_jwks_body(self) -> bytes:
        """The published key set, ready to be sent."""
        return self._current().document.body

    def public_jwks(self) -> JWKSDocument:
        """The published key set with its entity tag, both of the same moment."""
        return self._current().document

    @property
    def etag(self) -> str:
        """The strong entity tag of the published key set."""
        return self._current().document.etag

    def refresh(self) -> None:
        """Load what changed, now.

        Raises:
            SealingError: an active key was sealed under another sealing key.
            Exception: what the database's driver raises.
        """
        self._watch.expire()
        self._load_if_changed()

    def _current(self) -> Snapshot:
        snapshot = self._snapshot
        if snapshot is None:
            self._load_if_changed()
            assert self._snapshot is not None  # noqa: S101 - it was set, or an exception left this method
            return self._snapshot
        if time.monotonic() < self._patience:
            return snapshot
        try:
            if self._watch.version(VERSION_KIND) != snapshot.version:
                self._load_if_changed()
        except Exception:
            self._patience = time.monotonic() + RETRY_SECONDS
            log.exception("signing keys could not be refreshed; the last snapshot serves")
        return self._snapshot or snapshot

    def _looked_again(self) -> Snapshot:
        if time.monotonic() >= self._missing_until:
            self._missing_until = time.monotonic() + MISSING_SECONDS
            self._watch.expire()
        return self._current()

    def _load_if_changed(self) -> None:
        with self._lock:
            version = self._watch.version(VERSION_KIND)
            if self._snapshot is not None and self._snapshot.version == version:
                return
            # The version was read before the keys: a change in between is seen as one more change, never missed.
            with self._database.reading_aside() as unit:
                self._snapshot = self._load(unit, version)

    def _load(self, unit: Unit, version: int) -> Snapshot:
        # One query, so that a key which changes its state meanwhile is neither missed nor seen twice.
        published = [row for row in unit.signing_keys.all() if row.state in PUBLISHED_STATES]
        rows = sorted(published, key=lambda row: PUBLISHED_STATES.index(row.state))
        encryption = [row for row in rows if is_for_encryption(row.algorithm)]
        rows = [row for row in rows if row not in encryption]
        signing = (self._opened(row) for row in rows if row.state == "active")
        opening = (self._opened(row) for row in encryption)
        offered = [row for row in encryption if row.state in OFFERED_STATES]
        return Snapshot(
            version=version,
            signing={key.alg: key for key in signing if isinstance(key, SigningKey)},
            verification={row.kid: verification_key(row.public_jwk) for row in rows},
            decryption=tuple(key for key in opening if isinstance(key, DecryptionKey)),
            document=render(row.public_jwk for row in (*rows, *offered)),
        )

    def _opened(self, row: KeyRow) -> OwnKey:
        data = self._sealer.open(row.sealed_private or b"", sealing_context(row.kid))
        return from_private_bytes(row.algorithm, row.kid, data)


def sealing_context(kid: str) -> str:
    """What a private half is sealed for, so that it opens in its own row alone."""
    return f"signing-key:{kid}"
