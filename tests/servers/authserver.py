"""The product itself, as its own process: `authserver serve` on a free port."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.error import URLError
from urllib.request import urlopen

from tests.servers.process import ServerProcess, free_port
from tests.servers.tls import Certificate

Server = Literal["granian", "gunicorn"]
PROGRAM = Path(sys.executable).with_name("authserver")

# What a child keeps of our environment: where programs are, and how coverage is measured in it.
KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPATH", "VIRTUAL_ENV")


def environment(directory: Path, port: int, values: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of an instance whose files all lie below `directory`."""
    kept = {name: value for name, value in os.environ.items() if name in KEPT or name.startswith("COVERAGE_")}
    settings = {
        "AUTHSERVER_ENVIRONMENT": "testing",
        "AUTHSERVER_ISSUER": f"http://127.0.0.1:{port}",
        "AUTHSERVER_INSTANCE_DIR": str(directory / "instance"),
        "AUTHSERVER_KEYS_DIR": str(directory / "keys"),
        "AUTHSERVER_ARGON2_MEMORY_KIB": "64",
        "AUTHSERVER_ARGON2_TIME_COST": "1",
    }
    return kept | settings | dict(values or {})


@dataclass
class Instance:
    """One instance of the product: its settings, its directory, its server process."""

    port: int
    environ: dict[str, str]
    directory: Path
    process: ServerProcess

    @property
    def issuer(self) -> str:
        """The address that everything starts from."""
        return self.environ["AUTHSERVER_ISSUER"]

    def command(self, *arguments: str, stdin: str = "") -> str:
        """Run `authserver …` with the same settings and return its standard output."""
        return run(self.environ, self.directory, *arguments, stdin=stdin)

    def create(self, noun: Literal["users", "clients", "resources"], *options: str, stdin: str = "") -> dict[str, Any]:
        """Run `authserver NOUN create …` and return what it printed as JSON."""
        return dict(json.loads(self.command(noun, "create", *options, "--json", stdin=stdin)))


def run(environ: Mapping[str, str], directory: Path, *arguments: str, stdin: str = "") -> str:
    """Run one command of the product.

    Raises:
        AssertionError: it failed; the message holds what it said.
    """
    done = subprocess.run(
        [PROGRAM, *arguments], env=environ, cwd=directory, input=stdin, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"authserver {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


@contextmanager
def running(
    directory: Path,
    values: Mapping[str, str] | None = None,
    *,
    server: Server = "granian",
    options: Sequence[str] = (),
    initialise: bool = True,
    tls: Certificate | None = None,
) -> Iterator[Instance]:
    """Run an instance with a fresh database (or the one that `values` names).

    Args:
        directory: where it keeps everything; also its working directory.
        values: settings as environment variables, over those for tests.
        server: which of the two servers carries it.
        options: further options of `authserver serve`, such as `--with-worker`.
        initialise: run `authserver init` first.
        tls: end TLS in the server with this certificate; the issuer is an https address then.
    """
    port = free_port()
    if tls is not None:
        values = {"AUTHSERVER_ISSUER": f"https://127.0.0.1:{port}"} | dict(values or {})
        options = [*options, "--certfile", str(tls.certfile), "--keyfile", str(tls.keyfile)]
    environ = environment(directory, port, values)
    if initialise:
        run(environ, directory, "init")
    command = [PROGRAM, "serve", "--host", "127.0.0.1", "--port", str(port), "--server", server, *options]
    process = ServerProcess(
        command, directory / "server.log", ready=lambda: is_ready(port, tls), environ=environ, cwd=directory
    )
    with process:
        yield Instance(port, environ, directory, process)


def is_ready(port: int, tls: Certificate | None = None) -> bool:
    """Say whether the instance on this port takes requests."""
    trusting = ssl.create_default_context(cafile=tls.certfile) if tls is not None else None
    scheme = "http" if tls is None else "https"
    try:
        with urlopen(f"{scheme}://127.0.0.1:{port}/health/ready", timeout=5, context=trusting) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False
