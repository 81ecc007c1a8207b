"""Hashing the passwords that people choose: Argon2id, and bcrypt for hashes that were imported.

Every verification does exactly one slow hash, whether the user exists, the
stored text is readable or the password is right, so time tells nothing.
Hashing is bounded: a burst of logins waits here and cannot take every core
and every thread from the token endpoint.

Passwords are prepared by the OpaqueString profile of RFC 8265 §4.2: spaces of
other scripts become U+0020, then NFC. NFKC would fold characters that people
see as different (ﬁ and fi, ² and 2) and so weaken what they chose.
"""

from __future__ import annotations

import os
import threading
import unicodedata
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import bcrypt
from argon2 import PasswordHasher as Argon2
from argon2 import Type
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from authserver.protocol.errors import TemporarilyUnavailable

SALT_BYTES = 16
HASH_BYTES = 32
BCRYPT_PREFIXES = ("$2a$", "$2b$", "$2y$")
BCRYPT_BYTES = 72
"""bcrypt hashes no more of a password than this; the systems hashes are imported from cut there too."""
BCRYPT_MAX_COST = 15
"""About two seconds; an imported hash may not demand more work than this."""
MAX_WAITING = 32
"""Callers that may wait for their turn to hash: half the threads of a worker, so that the other half serves tokens."""


class PasswordSettings(Protocol):
    """The settings that passwords depend on."""

    @property
    def argon2_memory_kib(self) -> int:
        """KiB of memory per hash."""
        ...

    @property
    def argon2_time_cost(self) -> int:
        """Passes over the memory."""
        ...

    @property
    def argon2_parallelism(self) -> int:
        """Lanes per hash."""
        ...

    @property
    def argon2_concurrency(self) -> int:
        """Hashes computed at the same time by one process."""
        ...

    @property
    def password_max_length(self) -> int:
        """Characters of the longest password."""
        ...


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether a password was right, and whether its hash should be made anew now that the password is at hand."""

    ok: bool
    needs_rehash: bool = False


class PasswordHasher:
    """Hashes and verifies passwords. `hashes` counts the slow hashes this process has done.

    Args:
        settings: Argon2id parameters, concurrency, longest password.
        max_waiting: callers that may wait for their turn.
    """

    def __init__(self, settings: PasswordSettings, max_waiting: int = MAX_WAITING) -> None:
        self._argon2 = Argon2(
            time_cost=settings.argon2_time_cost,
            memory_cost=settings.argon2_memory_kib,
            parallelism=settings.argon2_parallelism,
            hash_len=HASH_BYTES,
            salt_len=SALT_BYTES,
            type=Type.ID,
        )
        self._max_length = settings.password_max_length
        self._turns = threading.BoundedSemaphore(settings.argon2_concurrency)
        self._places = threading.BoundedSemaphore(settings.argon2_concurrency + max_waiting)
        self._count_lock = threading.Lock()
        self._dummy = self._unmatchable(settings)
        self.hashes = 0

    def hash(self, password: str) -> str:
        """The Argon2id hash of a password under a salt of its own, in PHC text form.

        Raises:
            ValueError: the password is empty or longer than allowed.
            TemporarilyUnavailable: too many are waiting to be hashed.
        """
        if not 0 < len(password) <= self._max_length:
            raise ValueError("the password is empty or too long to be hashed")
        with self._turn():
            return self._argon2.hash(prepared(password))

    def verify(self, password: str, stored: str | None) -> Verification:
        """Whether `password` is the one behind `stored`; for None (no such user) the same work is done for nothing.

        Raises:
            TemporarilyUnavailable: too many are waiting to be hashed.
        """
        if len(password) > self._max_length:
            password, stored = "", None
        with self._turn():
            if stored is not None and stored.startswith(BCRYPT_PREFIXES) and _is_affordable(stored):
                ok = _verify_bcrypt(password, stored)
                return Verification(ok, needs_rehash=ok)
            return self._verify_argon2(password, stored)

    def _verify_argon2(self, password: str, stored: str | None) -> Verification:
        readable = stored if stored is not None and stored.startswith("$argon2") else self._dummy
        try:
            self._argon2.verify(readable, prepared(password))
        except VerifyMismatchError:
            return Verification(ok=False)
        except (InvalidHashError, VerificationError):
            # A damaged row must answer no sooner than a sound one.
            return self._verify_argon2(password, None)
        return Verification(ok=True, needs_rehash=self._argon2.check_needs_rehash(readable))

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise TemporarilyUnavailable("too many sign-ins at this moment", reason="password_hashing_saturated")
        try:
            with self._turns:
                with self._count_lock:
                    self.hashes += 1
                yield
        finally:
            self._places.release()

    @staticmethod
    def _unmatchable(settings: PasswordSettings) -> str:
        """A hash that no password has, written rather than computed, so that starting costs nothing."""
        cost = f"m={settings.argon2_memory_kib},t={settings.argon2_time_cost},p={settings.argon2_parallelism}"
        salt, digest = (b64encode(os.urandom(size)).rstrip(b"=").decode() for size in (SALT_BYTES, HASH_BYTES))
        return f"$argon2id$v=19${cost}${salt}${digest}"


def prepared(password: str) -> bytes:
    """A password as it is hashed (RFC 8265 §4.2.2): two ways to type the same characters give the same bytes."""
    spaced = "".join(" " if unicodedata.category(char) == "Zs" else char for char in password)
    return unicodedata.normalize("NFC", spaced).encode("utf-8", "surrogatepass")


def _is_affordable(stored: str) -> bool:
    cost = stored[4:6]
    return cost.isascii() and cost.isdigit() and int(cost) <= BCRYPT_MAX_COST


def _verify_bcrypt(password: str, stored: str) -> bool:
    # The bytes as typed: the system that made the hash prepared nothing.
    try:
        return bcrypt.checkpw(password.encode("utf-8", "surrogatepass")[:BCRYPT_BYTES], stored.encode())
    except ValueError:
        return False
