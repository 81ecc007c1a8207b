"""What every test may ask for: settings, a frozen clock, fresh databases, running servers.

A server is started once per test process, when the first test asks for it, and
a test whose server this machine lacks is skipped with the reason (a failure
where `AUTHSERVER_TEST_REQUIRE_ALL` is set).
"""

from __future__ import annotations

import datetime
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from tests import loopback, thrift
from tests.servers import postgresql as postgresql_server
from tests.servers import redis as redis_server_
from tests.servers.postgresql import PostgreSQL
from tests.servers.redis import Redis

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from authserver.settings import Settings
    from authserver.storage import Database
    from tests.installation import Installation
    from tests.relying_party import RelyingParty
    from tests.servers.smtp import SMTP

pytest_plugins = ["tests.strictness"]

NOON = datetime.datetime(2026, 3, 2, 12, 0, tzinfo=datetime.UTC)

TRACING = Path(__file__).parent / "servers" / "tracing"

# A fixture that a test uses says what the test needs.
MARKERS = {
    "database_url": "databases",
    "migrated_url": "databases",
    "postgresql": "postgresql",
    "redis_server": "redis",
    "chromium": "browser",
}


def pytest_configure() -> None:
    """Nothing that a test does may leave the machine, and its files need no disk."""
    loopback.guard()
    thrift.keep_files_in_memory()


def pytest_sessionstart() -> None:
    """Let the servers that tests start report what they ran, where coverage is measured."""
    if "COVERAGE_PROCESS_CONFIG" in os.environ:
        paths = [str(TRACING), os.environ.get("PYTHONPATH", "")]
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by the servers they use, so that `-m "not postgresql"` needs no discipline."""
    for item in items:
        for fixture in getattr(item, "fixturenames", ()):
            if fixture in MARKERS:
                item.add_marker(MARKERS[fixture])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Make what a test printed fit for the wire between test processes: a lone surrogate would end the run."""
    report = yield
    report.sections = [(name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections]
    return report


def _available(reason: str | None) -> None:
    if reason is not None:
        pytest.skip(reason)


# --- time -------------------------------------------------------------------------------------


@pytest.fixture
def frozen_time() -> Iterator[time_machine.Traveller]:
    """The clock stands still at noon of a Monday; `.shift(seconds)` and `.move_to(moment)` move it."""
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


# --- servers ----------------------------------------------------------------------------------


@pytest.fixture(scope="session", autouse=True)
def _thrift() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        thrift.share(patch)
        yield


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A running PostgreSQL cluster."""
    _available(postgresql_server.missing())
    with postgresql_server.running() as cluster:
        yield cluster


@pytest.fixture
def postgresql_url(postgresql: PostgreSQL) -> Iterator[str]:
    """The address of an empty PostgreSQL database of this test's own."""
    with postgresql.database() as url:
        yield url


@pytest.fixture(scope="session")
def _redis() -> Iterator[Redis]:
    _available(redis_server_.missing())
    with redis_server_.running() as server:
        yield server


@pytest.fixture
def redis_server(_redis: Redis) -> Redis:
    """A running Redis server that has forgotten everything; a test that stops it may leave it stopped."""
    if not _redis.process.is_running():
        _redis.process.start()
    _redis.clear()
    return _redis


@pytest.fixture
def redis_url(redis_server: Redis) -> str:
    """The address of an empty Redis database."""
    return redis_server.url


@pytest.fixture
def smtp_server() -> Iterator[SMTP]:
    """An SMTP server; what it received is in `messages`."""
    from tests.servers import smtp

    with smtp.running() as server:
        yield server


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A running browser: `chromium.new_context()` is one person's."""
    from tests.servers import chromium as chromium_browser

    _available(chromium_browser.missing())
    with chromium_browser.running() as browser:
        yield browser


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory that other users may reach, for servers that give up root; pytest's own are private."""
    with tempfile.TemporaryDirectory(prefix="authserver-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        yield directory


# --- databases --------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database of this test's own, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'authserver.db'}"
    url: str = request.getfixturevalue("postgresql_url")
    return url


@pytest.fixture(scope="session")
def _migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "authserver.db"
    _migrate(f"sqlite:///{path}", path.parent)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture(scope="session")
def _migrated_postgresql(postgresql: PostgreSQL, tmp_path_factory: pytest.TempPathFactory) -> str:
    name = postgresql.create()
    _migrate(postgresql.url(name), tmp_path_factory.mktemp("template"))
    return name


def _migrate(url: str, directory: Path) -> None:
    from authserver import storage
    from authserver.storage import migrations

    with closing(storage.open(_settings(directory, database_url=url))) as database:
        migrations.upgrade(database)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def migrated_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database of this test's own with the current schema, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        path = tmp_path / "authserver.db"
        shutil.copyfile(request.getfixturevalue("_migrated_sqlite"), path)
        yield f"sqlite:///{path}"
        return
    cluster: PostgreSQL = request.getfixturevalue("postgresql")
    with cluster.database(request.getfixturevalue("_migrated_postgresql")) as url:
        yield url


@pytest.fixture
def database(migrated_url: str, make_settings: Callable[..., Settings]) -> Iterator[Database]:
    """An open database with the current schema and nothing in it, on SQLite and on PostgreSQL."""
    from authserver import storage

    with closing(storage.open(make_settings(database_url=migrated_url))) as opened:
        yield opened


# --- settings ---------------------------------------------------------------------------------


def _settings(directory: Path, **overrides: Any) -> Settings:
    from authserver.settings import load

    values = {
        "environment": "testing",
        "issuer": "http://127.0.0.1:8000",
        "instance_dir": directory / "instance",
        "keys_dir": directory / "keys",
        "database_url": f"sqlite:///{directory / 'authserver.db'}",
        # Little on purpose: tests are about what happens, not about how long it takes.
        "argon2_memory_kib": 64,
        "argon2_time_cost": 1,
    }
    return load(environ={}, overrides=values | overrides)


@pytest.fixture
def make_settings(tmp_path: Path) -> Callable[..., Settings]:
    """Make settings for tests, with everything of theirs below `tmp_path`; keyword arguments win."""
    return partial(_settings, tmp_path)


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Settings:
    """Settings for tests on SQLite; a test that takes `database_url` makes its own from `make_settings`."""
    return make_settings()


# --- whole installations ----------------------------------------------------------------------


@pytest.fixture(scope="session")
def _template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the secrets, keys and migrated database of an installation that was closed.

    It was made before `NOON`, so that its keys are good whether or not a test stops the clock.
    """
    from tests.installation import install

    directory = tmp_path_factory.mktemp("installation")
    with time_machine.travel(NOON - datetime.timedelta(days=365)):
        install(_settings(directory)).services.close()
    with closing(sqlite3.connect(directory / "authserver.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return directory


@pytest.fixture
def make_server(
    _template: Path, tmp_path: Path, make_settings: Callable[..., Settings]
) -> Iterator[Callable[..., Installation]]:
    """Install a server on SQLite, with nobody in it; keyword arguments are settings."""
    from tests.installation import install

    made: list[Installation] = []

    def make(**overrides: Any) -> Installation:
        shutil.copytree(_template / "keys", tmp_path / "keys", dirs_exist_ok=True)
        shutil.copyfile(_template / "authserver.db", tmp_path / "authserver.db")
        made.append(install(make_settings(**overrides)))
        return made[-1]

    yield make
    for installation in made:
        installation.services.close()


@pytest.fixture
def server(make_server: Callable[..., Installation]) -> Installation:
    """A whole server in this process, on SQLite, with nobody in it."""
    return make_server()


@pytest.fixture
def relying_party(server: Installation) -> RelyingParty:
    """The confidential web client `app` of a server on which `alice` may sign in."""
    from tests.relying_party import RelyingParty

    server.add_user()
    return RelyingParty(server, *server.add_client())
