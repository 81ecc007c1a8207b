"""Properties 8, 9, 10 and 12: who gets a session, who gets the one refusal, and who is locked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from authserver import storage
from authserver.crypto.handles import Handles
from authserver.crypto.macs import Macs
from authserver.crypto.passwords import PasswordHasher
from authserver.crypto.sealing import Sealer
from authserver.events.outbox import Recorder
from authserver.identity.addresses import Email, Username, login_key
from authserver.identity.authentication import INVALID_CREDENTIALS, PasswordAuthentication
from authserver.identity.browsers import BrowserRegistry
from authserver.identity.lockout import Lockout
from authserver.identity.passwords import NewPassword, Passwords
from authserver.identity.sessions import SessionRegistry
from authserver.identity.users import NewUser, Users
from authserver.protocol.errors import AccountLocked, ApplicationError, AuthenticationError, RateLimited
from authserver.protocol.identifiers import new_id
from authserver.settings import Settings
from authserver.storage.models.sessions import Session
from authserver.storage.models.users import User
from authserver.telemetry import context
from authserver.telemetry.context import RequestContext

EXAMPLES = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
WRONG = "certainly wrong"
PASSWORD = "Correct-horse-7"

passwords = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=128)
addresses = st.ip_addresses().map(str)
logins = st.text(max_size=300) | st.emails()


class Door:
    """A login of its own, over one SQLite database."""

    def __init__(self, settings: Settings, database: storage.Database) -> None:
        macs, recorder = Macs(settings.application_secret), Recorder(Sealer.of(settings.sealing_key))
        self.settings, self.database, self.hasher = settings, database, PasswordHasher(settings)
        self.lockout = Lockout(settings, macs)
        self.users = Users(Passwords(settings, self.hasher, recorder), self.lockout, recorder)
        self.authentication = PasswordAuthentication(database, self.hasher, self.lockout, recorder)
        self.browsers = BrowserRegistry(Handles(settings.pepper), macs, settings.session_max_ttl)
        self.sessions = SessionRegistry(settings, recorder)
        self.known_hash = NewPassword(self.hasher.hash(PASSWORD))

    def add(self, password: str | None = None) -> User:
        """Make a person nobody has tried yet."""
        name = new_id()
        made = NewPassword(self.hasher.hash(password)) if password is not None else self.known_hash
        with self.database.unit() as unit:
            new = NewUser(Email.parse(f"{name}@example.com"), Username.parse(f"u{name}"), made)
            return self.users.create(unit, new)

    def sign_in(self, login: str, password: str, address: str = "192.0.2.1") -> Session:
        """Check the password and begin a session, as the login page does."""
        with context.bind(RequestContext("property", address, "hypothesis")):
            user = self.authentication.check(login, password)
            with self.database.unit() as unit:
                browser, _ = self.browsers.create(unit)
                return self.sessions.sign_in(unit, browser, user, ("pwd",), remembered=False)

    def refusal(self, login: str, password: str, address: str = "192.0.2.1") -> ApplicationError:
        """The refusal of an attempt that must be refused."""
        with pytest.raises((AuthenticationError, AccountLocked, RateLimited)) as refused:
            self.sign_in(login, password, address)
        return refused.value

    def session_count(self, user: User) -> int:
        """How many live sessions a person has."""
        with self.database.reading() as unit:
            return len(unit.sessions.of_user(user.id))


@pytest.fixture
def door(_migrated_sqlite: Path, tmp_path: Path, make_settings: Callable[..., Settings]) -> Iterator[Door]:
    """A login on a copy of the migrated SQLite database."""
    path = tmp_path / "authserver.db"
    path.write_bytes(_migrated_sqlite.read_bytes())
    made = make_settings(database_url=f"sqlite:///{path}", argon2_memory_kib=8)
    with closing(storage.open(made)) as database:
        yield Door(made, database)


@EXAMPLES
@given(password=passwords, by_email=st.booleans(), address=addresses)
def test_property_8_valid_credentials_create_a_session(door: Door, password: str, by_email: bool, address: str) -> None:
    user = door.add(password)
    login = (user.email if by_email else user.username) or ""
    session = door.sign_in(login.upper(), password, address)
    assert (session.user_id, session.is_live, session.amr) == (user.id, True, ["pwd"])
    assert door.session_count(user) == 1


@EXAMPLES
@given(password=passwords, wrong=passwords, login=logins, address=addresses)
def test_property_9_invalid_credentials_get_one_refusal_at_one_price(
    door: Door, password: str, wrong: str, login: str, address: str
) -> None:
    user = door.add(password)
    answers = []
    for name, guess in ((user.email or "", wrong + password), (login + new_id(), wrong)):
        before = door.hasher.hashes
        error = door.refusal(name, guess[:128] if guess[:128] != password else WRONG, address)
        answers.append((type(error), error.message, error.status, error.code, door.hasher.hashes - before))
    assert answers == [(AuthenticationError, INVALID_CREDENTIALS, 401, "unauthorized", 1)] * 2
    assert door.session_count(user) == 0


@EXAMPLES
@given(
    tries=st.lists(st.tuples(st.booleans(), st.booleans(), st.floats(0, 80)), min_size=1, max_size=8),
    is_known=st.booleans(),
    address=addresses,
)
def test_property_10_a_locked_account_refuses_every_password_until_the_lock_ends(
    door: Door, tries: list[tuple[bool, bool, float]], is_known: bool, address: str
) -> None:
    user = door.add()
    email, username = (user.email or "", user.username or "") if is_known else ("no." + (user.email or ""),) * 2
    with time_machine.travel("2026-03-02T12:00:00Z", tick=False) as clock:
        for _ in range(door.settings.lockout_threshold):
            door.refusal(email, WRONG, address)
        for by_email, is_right, pause in tries:
            clock.shift(pause)
            before = door.hasher.hashes
            error = door.refusal(email if by_email else username, PASSWORD if is_right else WRONG, address)
            assert isinstance(error, AccountLocked)
            assert 0 < (error.retry_after or 0) <= door.settings.lockout_duration
            assert door.hasher.hashes == before
        assert door.session_count(user) == 0
        clock.shift(door.settings.lockout_duration)
        if is_known:
            assert door.sign_in(username, PASSWORD, address).is_live


@EXAMPLES
@given(tries=st.lists(st.tuples(st.booleans(), st.floats(0, 400)), min_size=5, max_size=25))
def test_property_12_five_failures_in_the_window_lock_and_nothing_less_does(
    door: Door, tries: list[tuple[bool, float]]
) -> None:
    """A plain model of the rule, walked beside the real thing."""
    user, window, duration = door.add(), door.settings.lockout_window, door.settings.lockout_duration
    failures: list[float] = []
    now = wait_until = locked_until = 0.0
    with time_machine.travel("2026-03-02T12:00:00Z", tick=False) as clock:
        for is_right, pause in tries:
            clock.shift(pause)
            now += pause
            if now < locked_until - 0.001:
                assert isinstance(door.refusal(user.email or "", PASSWORD if is_right else WRONG), AccountLocked)
                continue
            too_soon = now < wait_until
            if is_right and not too_soon:
                assert door.sign_in(user.email or "", PASSWORD).is_live
                failures, wait_until = [], 0.0
                continue
            error = door.refusal(user.email or "", PASSWORD if is_right else WRONG)
            assert type(error) is (RateLimited if too_soon else AuthenticationError)
            failures = [at for at in failures if at > now - window] + [now]
            if len(failures) >= door.settings.lockout_threshold:
                failures, wait_until, locked_until = [], 0.0, now + duration
            elif len(failures) >= door.settings.delay_after:
                wait_until = now + 2 ** (len(failures) - door.settings.delay_after)


@EXAMPLES
@given(login=st.text(st.characters(), max_size=2000) | st.text(st.characters(categories=["Cs", "Cc"]), max_size=20))
def test_property_9_every_login_has_a_key_that_the_database_takes(login: str) -> None:
    key = login_key(login)
    key.encode()
    assert "\0" not in key
    assert len(key) <= 20_000
