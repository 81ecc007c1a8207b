"""A small household: everything of identity wired together, with one person in it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import pytest

from authserver.crypto.macs import Macs
from authserver.crypto.passwords import PasswordHasher
from authserver.crypto.sealing import Sealer
from authserver.events.event import Event
from authserver.identity.addresses import Email, Username
from authserver.identity.authentication import PasswordAuthentication
from authserver.identity.lockout import Lockout
from authserver.identity.passwords import NewPassword, Passwords
from authserver.identity.users import NewUser, Users
from authserver.settings import Settings
from authserver.storage import Database
from authserver.storage.models.users import User
from authserver.telemetry import context
from authserver.telemetry.context import RequestContext
from tests.recorders import RememberingRecorder

PASSWORD = "Correct-horse-7"


@dataclass
class House:
    """The services of identity on one database."""

    settings: Settings
    database: Database
    recorder: RememberingRecorder = field(init=False)
    hasher: PasswordHasher = field(init=False)

    def __post_init__(self) -> None:
        self.recorder = RememberingRecorder(Sealer.of(bytes(range(32))))
        self.hasher = PasswordHasher(self.settings)
        self.lockout = Lockout(self.settings, Macs(self.settings.application_secret))
        self.passwords = Passwords(self.settings, self.hasher, self.recorder)
        self.users = Users(self.passwords, self.lockout, self.recorder)
        self.authentication = PasswordAuthentication(self.database, self.hasher, self.lockout, self.recorder)

    def add(self, email: str = "ada@example.com", username: str | None = "ada", password: str = PASSWORD) -> User:
        """Make an account."""
        new = NewUser(
            Email.parse(email),
            Username.parse(username) if username else None,
            NewPassword(self.hasher.hash(password)),
        )
        with self.database.unit() as unit:
            return self.users.create(unit, new)

    def check(self, login: str, password: str, address: str = "192.0.2.1") -> User:
        """Try a password from an address."""
        with self.calling_from(address):
            return self.authentication.check(login, password)

    def calling_from(self, address: str) -> AbstractContextManager[RequestContext]:
        """Bind a request from this address."""
        return context.bind(RequestContext("test", address, "pytest"))

    def events(self, kind: type[Event] | None = None) -> list[Event]:
        """The events recorded so far, of one kind or of all."""
        return [event for event in self.recorder.events if kind is None or isinstance(event, kind)]


@pytest.fixture
def house(database: Database, make_settings: Callable[..., Settings]) -> House:
    """Identity on an empty database, on SQLite and on PostgreSQL."""
    return House(make_settings(), database)
