"""Failed logins: how many, how long the next one must wait, and when nobody may try any more.

Two records are kept for every name that is tried, known or not: one for the
name as it is tried from one address, one for the name from anywhere. The first
slows down and locks soon; the second locks late, so that a stranger who fails
on purpose locks the owner out only with a crowd of addresses. A person's
e-mail address and user name count as one name, or there would be a side door.

Only failures are counted, so the successes of a gateway never count against
its address. Nothing sleeps: an attempt that comes too soon is refused, whatever
its password, and told when to come again; it counts as one more failure.

The records are rows, also where there is Redis: they commit together with the
event that tells of them, and a restart forgives nobody.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import orjson

from authserver.crypto.macs import Macs
from authserver.identity.addresses import IPAddress
from authserver.protocol import validity
from authserver.protocol.errors import AccountLocked, RateLimited, ValidationError
from authserver.settings.schema import Settings
from authserver.storage.models.users import User
from authserver.storage.unit import Unit

LOCKED: Final = "This account is locked for now because of too many failed attempts."
TOO_SOON: Final = "Too many failed attempts. Please wait a moment before the next one."
ANYWHERE: Final = "*"


@dataclass(frozen=True, slots=True)
class Attempt:
    """Who is being tried, from where; digests, so that the store names nobody."""

    subject: str
    address: str

    @property
    def here(self) -> str:
        """The key of the record for this name from this address."""
        return f"login:{self.subject}:{self.address}"

    @property
    def anywhere(self) -> str:
        """The key of the record for this name from all addresses."""
        return f"login:{self.subject}:{ANYWHERE}"


@dataclass(frozen=True, slots=True)
class Record:
    """Failures inside the window (moments as seconds since 1970), oldest first, and what follows from them."""

    failures: tuple[float, ...] = ()
    not_before: float = 0.0
    locked_until: float = 0.0

    @classmethod
    def load(cls, stored: bytes | None) -> Record:
        """The record that `dump` wrote; an empty one when there is none."""
        if not stored:
            return cls()
        failures, not_before, locked_until = orjson.loads(stored)
        return cls(tuple(failures), not_before, locked_until)

    def dump(self) -> bytes:
        """The record as it is stored."""
        return orjson.dumps([self.failures, self.not_before, self.locked_until])


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock that has just fallen: after how many failures, for how many seconds, and whether from everywhere."""

    failures: int
    seconds: int
    everywhere: bool


class Lockout:
    """Counts failures and says who must wait. Every method works in the caller's transaction."""

    def __init__(self, settings: Settings, macs: Macs) -> None:
        self._settings = settings
        self._macs = macs

    def attempt(self, login_key: str, user: User | None, address: str) -> Attempt:
        """An attempt on the account of `user`, or on a name that nobody has."""
        try:
            near = IPAddress.parse(address).neighbourhood
        except ValidationError:
            near = address
        return Attempt(self._subject(login_key, user), self._macs.sign("login-address", near)[:22])

    def identifier_digest(self, login_key: str) -> str:
        """The digest under which events group attempts on one name."""
        return self._macs.sign("login-identifier", login_key)

    def refusal(self, unit: Unit, attempt: Attempt) -> AccountLocked | RateLimited | None:
        """Why this attempt is refused whatever its password; None when it may be judged."""
        here, anywhere = (Record.load(unit.ephemeral.find(key)) for key in (attempt.here, attempt.anywhere))
        moment = validity.now().timestamp()
        locked_until = max(here.locked_until, anywhere.locked_until)
        if locked_until > moment:
            return AccountLocked(LOCKED, retry_after=math.ceil(locked_until - moment))
        if here.not_before > moment:
            return RateLimited(TOO_SOON, retry_after=math.ceil(here.not_before - moment))
        return None

    def hold(self, unit: Unit, attempt: Attempt) -> None:
        """Make other attempts on this name wait until the transaction ends.

        Guesses sent all at once are thereby judged one after another, and those
        behind the lock learn nothing. The upsert takes the locks of both rows,
        always in this order, so that two attempts cannot wait for each other.
        """
        for key in (attempt.here, attempt.anywhere):
            unit.ephemeral.increment(key, self._settings.lockout_window)

    def count_failure(self, unit: Unit, attempt: Attempt) -> Lock | None:
        """Count one more failure; tells of the lock that it brought about."""
        settings = self._settings
        here = self._count(unit, attempt.here, settings.lockout_threshold, delayed=True)
        anywhere = self._count(unit, attempt.anywhere, settings.lockout_identifier_threshold, delayed=False)
        if anywhere is not None:
            return Lock(anywhere, settings.lockout_duration, everywhere=True)
        return None if here is None else Lock(here, settings.lockout_duration, everywhere=False)

    def forgive(self, unit: Unit, attempt: Attempt) -> None:
        """Forget the failures: the right password was given."""
        unit.ephemeral.remove(attempt.here)
        unit.ephemeral.remove(attempt.anywhere)

    def lift(self, unit: Unit, user: User) -> bool:
        """Forget every failure and lock of a person, from wherever; tells whether one was locked out by now."""
        moment = validity.now().timestamp()
        was_locked = user.is_locked()
        for key in unit.ephemeral.keys(f"login:{self._subject('', user)}:"):
            was_locked |= Record.load(unit.ephemeral.find(key)).locked_until > moment
            unit.ephemeral.remove(key)
        user.locked_until, user.failed_attempts = None, 0
        return was_locked

    def _subject(self, login_key: str, user: User | None) -> str:
        parts = ("name", login_key) if user is None else ("user", user.id)
        return self._macs.sign("login-subject", *parts)

    def _count(self, unit: Unit, key: str, threshold: int, *, delayed: bool) -> int | None:
        """Add a failure to a record; the number of failures if that locked it, else None."""
        settings, moment = self._settings, validity.now().timestamp()
        record = Record.load(unit.ephemeral.find(key))
        recent = tuple(at for at in record.failures if at > moment - settings.lockout_window)
        failures = (*recent, moment)[-threshold:]
        if len(failures) >= threshold:
            # What led to the lock is paid for with it: when it ends, counting begins anew.
            locked = Record(locked_until=moment + settings.lockout_duration)
            unit.ephemeral.put(key, locked.dump(), settings.lockout_duration)
            return len(failures)
        delay = self._delay(len(failures)) if delayed else 0.0
        record = Record(failures, not_before=moment + delay)
        unit.ephemeral.put(key, record.dump(), max(settings.lockout_window, delay))
        return None

    def _delay(self, failures: int) -> float:
        """Seconds to wait after so many failures: 1, 2, 4, 8 … from `delay_after` on, never longer than a lock."""
        steps = failures - self._settings.delay_after
        return 0.0 if steps < 0 else min(2.0 ** min(steps, 30), float(self._settings.lockout_duration))
