"""Signatures that were checked already.

What follows from a token's bytes may be remembered: whether the signature is
good under a key, and the payload it covers. Whether the token has expired or
was revoked, and whether the key is still published, is asked every time.
Tokens are known by SHA-256, so that memory holds none that could be used.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from authserver.signing.keys import VerificationKey
from authserver.telemetry import instruments

GENERATION_SIZE = 1024
"""Tokens per generation; two generations of about 1 KB a token make 2 MB a process."""

LOOKUPS = instruments.counter(
    "authserver_signature_lookups_total", "Signatures looked for among those already checked.", ("result",)
)


@dataclass(frozen=True, slots=True)
class Checked:
    """A token whose signature was good under `key`."""

    alg: str
    typ: str
    key: VerificationKey
    payload: bytes


class SignatureCache:
    """A bounded memory in two generations: what is asked for again moves up, the rest is dropped in one piece.

    Reading takes no lock. `hits` and `misses` count lookups, for measurements; two threads may lose a count.
    """

    def __init__(self, generation_size: int = GENERATION_SIZE) -> None:
        self._size = generation_size
        self._young: dict[bytes, Checked] = {}
        self._old: dict[bytes, Checked] = {}
        self._lock = threading.Lock()
        self.hits = 0
        self.misses = 0

    def find(self, digest: bytes) -> Checked | None:
        """What is remembered of the token with this SHA-256."""
        found = self._young.get(digest)
        if found is None:
            found = self._old.get(digest)
            if found is None:
                self.misses += 1
                LOOKUPS.add("miss")
                return None
            self.remember(digest, found)
        self.hits += 1
        LOOKUPS.add("hit")
        return found

    def remember(self, digest: bytes, checked: Checked) -> None:
        """Keep what was found out about a token."""
        with self._lock:
            if len(self._young) >= self._size:
                self._old, self._young = self._young, {}
            self._young[digest] = checked

    def __len__(self) -> int:
        return len(self._young.keys() | self._old.keys())
