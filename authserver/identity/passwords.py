"""Passwords that people choose: which are good enough, how strong one is, and how one replaces another.

Hashing takes tens of milliseconds and is done outside transactions: a new
password is first `prepared` (judged and hashed), then stored by `change`.
"""

from __future__ import annotations

import math
import secrets
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from authserver.crypto.passwords import PasswordHasher
from authserver.events.catalog import PasswordReset, UserPasswordChanged
from authserver.events.outbox import Recorder
from authserver.protocol import validity
from authserver.protocol.errors import ValidationError
from authserver.settings.schema import Settings
from authserver.storage.models.users import User
from authserver.storage.unit import Unit

KINDS: Final = ("a small letter", "a capital letter", "a digit", "a symbol")
# Bits of guessing work from which on a password scores 1, 2, 3, 4.
STRENGTH_BITS: Final = (28, 40, 56, 72)
ALPHABETS: Final = (26, 26, 10, 33)
# What guessers try first; a password that is little more than one of these is weak, however long.
COMMON: Final = (
    "password",
    "passwort",
    "qwerty",
    "qwertz",
    "letmein",
    "welcome",
    "admin",
    "123456",
    "iloveyou",
    "abc123",
)
ONE_TIME_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz"
ONE_TIME_CAPITALS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ"
ONE_TIME_DIGITS: Final = "23456789"


@dataclass(frozen=True, slots=True)
class PasswordProblem:
    """What is wrong with a password: a stable word for translations, a sentence, and the limit it names."""

    code: str
    message: str
    limit: int = 0


class PasswordRefused(ValidationError):
    """A password breaks the policy; `problems` holds all that is wrong with it."""

    code = "password_refused"

    def __init__(self, problems: tuple[PasswordProblem, ...]) -> None:
        super().__init__(" ".join(problem.message for problem in problems), field="password")
        self.problems = problems


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """What a password must be like. Lengths are characters; `classes` of the four kinds must be mixed."""

    min_length: int
    max_length: int
    classes: int

    @classmethod
    def from_settings(cls, settings: Settings) -> PasswordPolicy:
        """The policy of an installation."""
        return cls(settings.password_min_length, settings.password_max_length, settings.password_classes)

    def problems(self, password: str, *names: str | None) -> tuple[PasswordProblem, ...]:
        """Everything that is wrong with `password`; `names` are the user's own, which it must not be."""
        found = []
        if len(password) < self.min_length:
            message = f"The password must have at least {self.min_length} characters."
            found.append(PasswordProblem("too_short", message, self.min_length))
        if len(password) > self.max_length:
            message = f"The password must have at most {self.max_length} characters."
            found.append(PasswordProblem("too_long", message, self.max_length))
        present = _kinds(password)
        if sum(present) < self.classes:
            found.append(PasswordProblem("too_uniform", self._missing(present), self.classes))
        if any(name and name.casefold() == password.casefold() for name in names):
            found.append(PasswordProblem("is_a_name", "The password must not be your user name or e-mail address."))
        return tuple(found)

    def check(self, password: str, *names: str | None) -> None:
        """Refuse a password that breaks the policy. Raises PasswordRefused."""
        if problems := self.problems(password, *names):
            raise PasswordRefused(problems)

    def _missing(self, present: tuple[bool, ...]) -> str:
        missing = [kind for kind, is_there in zip(KINDS, present, strict=True) if not is_there]
        if self.classes == len(KINDS):
            return f"The password must also contain {_listed(missing, 'and')}."
        wanted = self.classes - sum(present)
        return f"The password must also contain {wanted} of these: {_listed(missing, 'or')}."


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A password that was judged good enough and hashed."""

    hash: str


class Passwords:
    """Prepares and stores passwords; whatever happens to one is recorded."""

    def __init__(self, settings: Settings, hasher: PasswordHasher, recorder: Recorder) -> None:
        self.policy = PasswordPolicy.from_settings(settings)
        self._hasher = hasher
        self._recorder = recorder

    def prepare(self, password: str, user: User | None = None, *names: str | None) -> NewPassword:
        """Judge and hash a new password, outside of any transaction.

        Raises:
            PasswordRefused: it breaks the policy, or is the password that `user` has now.
            TemporarilyUnavailable: too many are waiting to be hashed.
        """
        known = (user.username, user.email) if user is not None else ()
        self.policy.check(password, *known, *names)
        if user is not None and user.password_hash and self._hasher.verify(password, user.password_hash).ok:
            raise PasswordRefused((PasswordProblem("unchanged", "The password must not be the present one."),))
        return NewPassword(self._hasher.hash(password))

    def prepare_one_time(self) -> tuple[str, NewPassword]:
        """A random password to hand over once, and its hash."""
        password = one_time_password()
        return password, NewPassword(self._hasher.hash(password))

    def change(self, unit: Unit, user: User, new: NewPassword) -> None:
        """Replace the password of a person who has proven the old one."""
        first = user.password_must_change
        self._store(unit, user, new, must_change=False)
        self._recorder.record(unit, UserPasswordChanged(user_id=user.id, first=first))

    def replace(self, unit: Unit, user: User, new: NewPassword, *, must_change: bool, source: str) -> None:
        """Replace the password without the old one; ending sessions and grants is the caller's part."""
        self._store(unit, user, new, must_change=must_change)
        self._recorder.record(unit, PasswordReset(user_id=user.id, source=source))

    @staticmethod
    def _store(unit: Unit, user: User, new: NewPassword, *, must_change: bool) -> None:
        user.password_hash = new.hash
        user.password_changed_at = validity.now()
        user.password_must_change = must_change
        unit.users.save(user)


def one_time_password() -> str:
    """A random password for the first sign-in: 99 bits, four kinds, nothing that is misread aloud or in print."""
    groups = [
        "".join(secrets.choice(ONE_TIME_LETTERS) for _ in range(5)),
        "".join(secrets.choice(ONE_TIME_CAPITALS) for _ in range(5)),
        "".join(secrets.choice(ONE_TIME_DIGITS) for _ in range(5)),
        "".join(secrets.choice(ONE_TIME_LETTERS + ONE_TIME_CAPITALS + ONE_TIME_DIGITS) for _ in range(7)),
    ]
    return "-".join(groups)


def strength(password: str) -> int:
    """How hard `password` is to guess: 0 (at once) to 4 (not with today's means).

    An estimate for a meter, not a rule: repeats, runs and common words count little.
    """
    sizes = [size for size, is_there in zip(ALPHABETS, _kinds(password), strict=True) if is_there]
    bits = _effective_length(password) * math.log2(sum(sizes)) if sizes else 0.0
    return sum(bits >= limit for limit in STRENGTH_BITS)


def _effective_length(password: str) -> int:
    """Characters that add something: a common word counts as one, repeats and runs (`aaa`, `4567`) hardly at all."""
    text = password.casefold()
    for word in COMMON:
        text = text.replace(word, "\0")
    length, previous = len(text[:1]), 0
    for first, second in pairwise(text):
        step = ord(second) - ord(first)
        length += step != 0 and not (abs(step) == 1 and step == previous)
        previous = step
    return length


def _kinds(password: str) -> tuple[bool, ...]:
    """Which of `KINDS` are there; letters without case count as symbols."""
    small = [char.islower() for char in password]
    capital = [char.isupper() for char in password]
    digit = [char.isdecimal() for char in password]
    other = [not any(known) for known in zip(small, capital, digit, strict=True)]
    return any(small), any(capital), any(digit), any(other)


def _listed(words: list[str], conjunction: str) -> str:
    *head, last = words
    return f"{', '.join(head)} {conjunction} {last}" if head else last
