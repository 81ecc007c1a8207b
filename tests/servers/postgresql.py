"""A PostgreSQL cluster of its own for one test process, with a fresh database for each test that asks."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from tests.servers.process import ServerProcess, as_user, free_port

# PostgreSQL refuses to run as root; the Debian package brings this user.
USER = "postgres"

# What a crash would lose does not matter here; tests that kill the server itself say so with `durable`.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "300",
    "shared_buffers": "64MB",
    "autovacuum": "off",
    "log_min_messages": "warning",
}


def find_program(name: str) -> Path | None:
    """Return the path of a PostgreSQL server program, the newest version first; Debian keeps them off PATH."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    if versions:
        return versions[-1]
    found = shutil.which(name)
    return Path(found) if found else None


def missing() -> str | None:
    """Say what keeps PostgreSQL from running here; None when nothing does."""
    if find_program("initdb") is None or find_program("postgres") is None:
        return "PostgreSQL is not installed (apt-get install postgresql)"
    return None


@dataclass
class PostgreSQL:
    """A running cluster; every connection is trusted, as the superuser `postgres`."""

    port: int
    process: ServerProcess
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _templates: dict[str, str] = field(default_factory=dict)

    def url(self, database: str) -> str:
        """Return the address of a database in the form that settings take."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def create(self, template: str = "template0") -> str:
        """Create an empty database, or a copy of `template`, and return its name."""
        name = f"test_{next(self._numbers)}"
        self._execute("CREATE DATABASE {} TEMPLATE {} ENCODING 'UTF8' STRATEGY file_copy", name, template)
        return name

    def drop(self, database: str) -> None:
        """Remove a database, with whoever is still connected to it."""
        self._execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", database)

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """Lend the address of a fresh database."""
        name = self.create(template)
        try:
            yield self.url(name)
        finally:
            self.drop(name)

    def _execute(self, statement: str, *identifiers: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, identifiers)))


@contextmanager
def running(*, durable: bool = False) -> Iterator[PostgreSQL]:
    """Run a cluster in a temporary directory.

    Args:
        durable: keep every commit through a crash of the cluster, as production does.
    """
    directory = Path(tempfile.mkdtemp(prefix="authserver-postgresql-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(directory, USER, USER)
        data = directory / "data"
        _initialise(data)
        port = free_port()
        values = SETTINGS | ({} if durable else FAST) | {"port": str(port)}
        options = [f"--{name}={value}" for name, value in values.items()]
        process = ServerProcess(
            [str(find_program("postgres")), "-D", data, *options],
            directory / "log",
            ready=lambda: _answers(port),
            environ={"LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]},
            user=USER,
            cwd=directory,
        )
        with process:
            yield PostgreSQL(port, process)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _initialise(data: Path) -> None:
    options = ["--username", USER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"]
    subprocess.run(
        [*as_user(USER), str(find_program("initdb")), "--pgdata", str(data), *options],
        check=True,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        cwd=data.parent,
    )


def _answers(port: int) -> bool:
    try:
        with psycopg.connect(f"postgresql://{USER}@127.0.0.1:{port}/postgres", connect_timeout=2):
            return True
    except psycopg.OperationalError:
        return False
