"""Apache with mod_auth_openidc: a relying party that nobody here wrote."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.process import ServerProcess, accepts, free_port

MODULES = Path("/usr/lib/apache2/modules")
PROGRAM = shutil.which("apache2", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
LOADED = ("mpm_event", "authn_core", "authz_core", "authz_user", "auth_openidc", "dir", "headers", "mime")

# Started as root it answers as this user, which the Debian package brings.
BASE = """\
ServerRoot {directory}
ServerName 127.0.0.1
PidFile {directory}/apache.pid
DefaultRuntimeDir {directory}
Listen 127.0.0.1:{port}
User www-data
Group www-data
ErrorLog {directory}/error.log
LogLevel warn auth_openidc:info
StartServers 1
ThreadsPerChild 8
ServerLimit 1
MaxRequestWorkers 8
TypesConfig /etc/mime.types
DocumentRoot {directory}/pages
"""


def missing() -> str | None:
    """Say what keeps Apache and its module from running here; None when nothing does."""
    if PROGRAM is None:
        return "Apache is not installed (apt-get install apache2)"
    if not (MODULES / "mod_auth_openidc.so").exists():
        return "mod_auth_openidc is not installed (apt-get install libapache2-mod-auth-openidc)"
    return None


@dataclass
class Apache:
    """A running server; put what it shows below `pages`."""

    port: int
    pages: Path
    errors: Path
    process: ServerProcess

    @property
    def origin(self) -> str:
        """The address its pages begin with."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def running(directory: Path, configuration: str, port: int | None = None) -> Iterator[Apache]:
    """Run a server with `configuration` after what every server needs.

    Args:
        directory: an empty directory that the user www-data may reach.
        configuration: directives; `{port}` and `{directory}` in them are filled in.
        port: where to listen, if the redirect URI had to be known before.
    """
    port = port or free_port()
    pages = directory / "pages"
    pages.mkdir(parents=True, exist_ok=True)
    modules = "".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so\n" for name in LOADED)
    text = modules + (BASE + configuration).replace("{port}", str(port)).replace("{directory}", str(directory))
    (directory / "apache.conf").write_text(text)
    process = ServerProcess(
        [str(PROGRAM), "-D", "FOREGROUND", "-f", directory / "apache.conf"],
        directory / "apache.log",
        ready=lambda: accepts(port),
    )
    with process:
        yield Apache(port, pages, directory / "error.log", process)
